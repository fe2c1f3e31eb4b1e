//! What a phone links: live guidance, judging, keeping, planning, and with the feature `relevance` the model and tract.
//! `cargo xtask size` builds it twice, strips it and weighs it.
//!
//! It runs for real (a photo's path and a folder are its arguments), so that nothing can be left out as never called.
//! Not in it: the language bindings, and what sends (a phone's system does that in the background).

use std::time::Duration;

use anyhow::Context as _;
use clearshot_analysis::{FrameContext, Guide, GuidePolicy, LiveView, Policy, Still, StillLimits};
use clearshot_capture::{CaptureStore, Conditions, StoreConfig, StoreKeys};
use clearshot_protocol::Timestamp;
use clearshot_protocol::seal::Identity;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().context("the arguments are a photo's path and an empty folder");
    let (photo, folder) = (argument()?, argument()?);
    let policy = Policy::default();
    let still = Still::decode(&std::fs::read(photo)?, &StillLimits::default())?;
    println!("{:?}", still.report_in(&FrameContext::default(), &policy));
    #[cfg(feature = "relevance")]
    println!("{:?}", look(&still)?);

    let mut view = LiveView::new(Guide::new(GuidePolicy::default()));
    let preview = still.preview(1_280);
    println!("{:?}", view.advance(&preview.plane(), &FrameContext::default(), &policy, Duration::ZERO)?);

    let keys = StoreKeys { device: Identity::generate(), service: Identity::generate().recipient() };
    let (store, report) = CaptureStore::open(folder, keys, StoreConfig::default(), Timestamp::UNIX_EPOCH)?;
    println!("{report:?}\n{:?}", store.queue()?);
    println!("{:?}", store.next(Conditions::UNMETERED, Timestamp::UNIX_EPOCH)?);
    Ok(())
}

/// What the built-in model says of the photo.
#[cfg(feature = "relevance")]
fn look(still: &Still) -> anyhow::Result<clearshot_analysis::Sighting> {
    use clearshot_analysis::SubjectModel as _;

    let model = clearshot_relevance::ModelStore::bundled().into_model()?;
    Ok(model.look(&still.plane())?)
}
