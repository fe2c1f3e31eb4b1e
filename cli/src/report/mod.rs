//! `clearshot report`: one HTML page with each photo of a folder, maps of what was found where, and the verdict.
//!
//! The page stands alone: no network, no script. It is written photo by photo, so that a folder of any size takes the
//! memory of one photo, and put in its place whole. Not responsible for what is found: that is `clearshot-analysis`.

mod map;
mod page;
mod relevance;
mod totals;
mod words;

use std::fs::File;
use std::io::{BufWriter, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clearshot_analysis::{
    ActivationMap, DerivativeSpec, FrameContext, HeatMap, Jpeg, Policy, Still, StillLimits, StillReport,
    StillScratch,
};
use tempfile::NamedTempFile;

use self::totals::Totals;
use crate::model::{ModelArguments, SharedModel, look};
use crate::output;
use crate::photo_files::{PhotoError, photos_in, read_photo};
use crate::scene::SceneArguments;

/// The photos on the page: large enough to see why, small enough that a hundred of them load at once.
const PICTURE: DerivativeSpec = DerivativeSpec { long_side: 480, quality: 75 };

#[derive(clap::Args)]
pub(crate) struct ReportArguments {
    /// The folder with the photos (JPEG, PNG); those in folders below it are taken, too
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The page to write; one that is there already is replaced
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    scene: SceneArguments,
    #[command(flatten)]
    model: ModelArguments,
}

pub(crate) fn run(arguments: &ReportArguments) -> anyhow::Result<ExitCode> {
    let ReportArguments { folder, output, scene, model } = arguments;
    let paths = photos_in(folder).with_context(|| format!("read the photos in {}", folder.display()))?;
    if paths.is_empty() {
        bail!("find photos in {}: there is no .jpg, .jpeg or .png", folder.display());
    }
    if is_among(output, &paths) {
        bail!("write {}: it is one of the photos", output.display());
    }
    let mut examiner = Examiner::new(scene, model.load()?);
    let mut page = PageFile::begin(output)?;
    for path in &paths {
        let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        match examiner.examine(path) {
            Ok(photo) => page.add(&name, &photo, &examiner.context)?,
            Err(error) => page.add_failure(&name, &error)?,
        }
    }
    let totals = page.finish(folder, &examiner)?;
    output::print_line(&format!("{}: {}", output.display(), totals.sentence()))?;
    Ok(if totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a file that is there already is one of the photos, by whatever name.
fn is_among(file: &Path, photos: &[PathBuf]) -> bool {
    let same =
        |target: &Path| photos.iter().any(|photo| photo.canonicalize().is_ok_and(|photo| photo == target));
    file.canonicalize().is_ok_and(|target| same(&target))
}

/// What the page shows of one photo.
struct Examined {
    report: StillReport,
    map: HeatMap,
    /// Where the model sees the subject.
    activation: Option<ActivationMap>,
    picture: Jpeg,
}

struct Examiner {
    context: FrameContext,
    model: Option<SharedModel>,
    policy: Policy,
    limits: StillLimits,
    scratch: StillScratch,
}

impl Examiner {
    fn new(scene: &SceneArguments, model: Option<SharedModel>) -> Self {
        let (policy, limits, scratch) = Default::default();
        Self { context: scene.context(), model, policy, limits, scratch }
    }

    fn examine(&mut self, path: &Path) -> Result<Examined, PhotoError> {
        let bytes = read_photo(path, &self.limits)?;
        let still = Still::decode_with(&bytes, &self.limits, &mut self.scratch)?;
        let sighting = look(self.model.as_ref(), &still.plane())?;
        let context = FrameContext { sighting, ..self.context };
        Ok(Examined {
            report: still.report_in(&context, &self.policy),
            map: still.heat_map(&context, &self.policy),
            activation: sighting.map(|sighting| sighting.map),
            picture: still.derivative(&PICTURE)?,
        })
    }
}

/// The page in the making. The totals stand at its top and are known last, so photos and failures are put aside in files
/// that have no name.
struct PageFile {
    target: PathBuf,
    file: NamedTempFile,
    photos: BufWriter<File>,
    failures: BufWriter<File>,
    totals: Totals,
}

impl PageFile {
    /// Begins the page beside its place, so that a place that cannot be written to is found before the work.
    fn begin(target: &Path) -> anyhow::Result<Self> {
        if target.is_dir() {
            bail!("write {}: it is a folder; name a file", target.display());
        }
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".clearshot-report-");
        // As readable as any file that this user writes, instead of by its owner only.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let write = || format!("write {}", target.display());
        let file = builder.tempfile_in(folder).with_context(write)?;
        // In the same place, which has room for the page; the system's own place may not.
        let part = || tempfile::tempfile_in(folder).with_context(write);
        Ok(Self {
            target: target.to_owned(),
            file,
            photos: BufWriter::new(part()?),
            failures: BufWriter::new(part()?),
            totals: Totals::default(),
        })
    }

    fn add(&mut self, name: &str, photo: &Examined, context: &FrameContext) -> anyhow::Result<()> {
        self.totals.add(&photo.report);
        let card = page::card(self.totals.judged(), name, photo, context)?;
        Ok(self.photos.write_all(card.into_string().as_bytes())?)
    }

    fn add_failure(&mut self, name: &str, error: &PhotoError) -> anyhow::Result<()> {
        self.totals.failed += 1;
        Ok(self.failures.write_all(page::failure(name, error).into_string().as_bytes())?)
    }

    /// Puts the parts together and the page in its place.
    fn finish(self, folder: &Path, examiner: &Examiner) -> anyhow::Result<Totals> {
        let Self { target, file, photos, failures, totals } = self;
        let write = || format!("write {}", target.display());
        let mut out = BufWriter::new(file.as_file());
        out.write_all(page::opening(folder, examiner, &totals).as_bytes()).with_context(write)?;
        if totals.failed > 0 {
            out.write_all(page::FAILURES_OPENING.as_bytes()).with_context(write)?;
            append(failures, &mut out).with_context(write)?;
            out.write_all(page::FAILURES_CLOSING.as_bytes()).with_context(write)?;
        }
        append(photos, &mut out).with_context(write)?;
        out.write_all(page::CLOSING.as_bytes()).with_context(write)?;
        out.flush().with_context(write)?;
        drop(out);
        file.as_file().sync_all().with_context(write)?;
        file.persist(&target).with_context(write)?;
        Ok(totals)
    }
}

fn append(part: BufWriter<File>, out: &mut impl Write) -> std::io::Result<()> {
    let mut part = part.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    part.rewind()?;
    std::io::copy(&mut part, out)?;
    Ok(())
}
