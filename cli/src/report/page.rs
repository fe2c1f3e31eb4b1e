//! The parts of the page, as markup. Names come from files and are never trusted: everything is escaped.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clearshot_analysis::{ActivationMap, FrameContext, Region, Relevance, Verdict};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::totals::Totals;
use super::{Examined, Examiner, map, relevance, words};
use crate::photo_files::PhotoError;

/// Nothing is loaded and nothing runs, whatever a file's name says.
const PAGE_POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const STYLE: &str = include_str!("style.css");

/// Stands before the failures.
pub(super) const FAILURES_OPENING: &str = "<section class=\"failures\" aria-labelledby=\"failures\">\
    <h2 id=\"failures\">Could not be judged</h2><ul>\n";
/// Stands after them.
pub(super) const FAILURES_CLOSING: &str = "</ul></section>\n";
/// The end of the page.
pub(super) const CLOSING: &str = "</main></body></html>\n";

/// Everything before the first photo; the tags that it leaves open are closed by [`CLOSING`].
pub(super) fn opening(folder: &Path, examiner: &Examiner, totals: &Totals) -> String {
    let policy = &examiner.policy;
    let name = folder_name(folder);
    let head = html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        meta http-equiv="Content-Security-Policy" content=(PAGE_POLICY);
        title { (name) " · Clearshot report" }
        style { (PreEscaped(STYLE)) }
    };
    let top = html! {
        header.page {
            p.brand { "Clearshot report" }
            h1 { bdi { (name) } }
            (figures(totals))
            (legend(examiner.model.is_some()))
            (choice())
            p.dim {
                "Judged by clearshot " (env!("CARGO_PKG_VERSION")) " with version " (policy.version)
                " of its thresholds " code { (short(&policy.hash())) }
                @if let Some(model) = &examiner.model {
                    " and version " (model.version()) " of its relevance model " code { (short(model.sha256())) }
                }
                "."
            }
        }
    };
    format!(
        "{}<html lang=\"en\"><head>{}</head>\n<body><main>{}\n",
        DOCTYPE.into_string(),
        head.into_string(),
        top.into_string()
    )
}

/// One photo.
pub(super) fn card(
    number: usize,
    name: &str,
    photo: &Examined,
    context: &FrameContext,
) -> anyhow::Result<Markup> {
    let report = &photo.report;
    let (class, verdict) = match report.verdict {
        Verdict::Good => ("good", "Good"),
        Verdict::Retake => ("retake", "Retake"),
    };
    let summary = words::map(&photo.map);
    Ok(html! {
        article.card.(class) aria-labelledby={ "name-" (number) } {
            header {
                h2 id={ "name-" (number) } { bdi { (name) } }
                p.verdict { (verdict) }
            }
            @if !report.reasons.is_empty() {
                ul.reasons {
                    @for reason in &report.reasons {
                        li { strong { (spaced(reason.code())) } " " (reason.hint()) }
                    }
                }
            }
            div.pictures {
                figure {
                    (picture(number, name, photo))
                    figcaption { (report.width) " × " (report.height) " pixels" }
                }
                figure {
                    (heat_map(number, name, photo, context, &summary)?)
                    figcaption { (summary) }
                }
                @if let (Some(seen), Some(activation)) = (&report.relevance, &photo.activation) {
                    figure {
                        (activation_map(number, name, photo, seen, activation)?)
                        figcaption { (relevance::bars(seen)) }
                    }
                }
            }
            dl {
                @for (what, found) in words::findings(report, context.region) {
                    div { dt { (what) } dd { (found) } }
                }
            }
        }
        "\n"
    })
}

/// A photo that could not be judged.
pub(super) fn failure(name: &str, error: &PhotoError) -> Markup {
    html! { li { strong { bdi { (name) } } " " code { (error.code) } " " (error.detail) } "\n" }
}

/// The photo itself. The heat map shows it once more by its id, so that the page holds it once.
fn picture(number: usize, name: &str, photo: &Examined) -> Markup {
    let jpeg = &photo.picture;
    html! {
        svg viewBox={ "0 0 " (jpeg.width) " " (jpeg.height) } role="img" aria-label={ "Photo " (name) } {
            image id={ "photo-" (number) } width=(jpeg.width) height=(jpeg.height)
                href=(data_uri("image/jpeg", &jpeg.bytes)) {}
        }
    }
}

fn heat_map(
    number: usize,
    name: &str,
    photo: &Examined,
    context: &FrameContext,
    summary: &str,
) -> anyhow::Result<Markup> {
    let (width, height) = (f64::from(photo.picture.width), f64::from(photo.picture.height));
    let map = &photo.map;
    let (map_width, map_height) =
        (map.columns as f64 * map.cell_width * width, map.rows as f64 * map.cell_height * height);
    Ok(html! {
        svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-label={ "Heat map of " (name) ". " (summary) } {
            use href={ "#photo-" (number) } {}
            rect.shade width=(width) height=(height) {}
            image.heat width=(pixels(map_width)) height=(pixels(map_height)) preserveAspectRatio="none"
                href=(data_uri("image/png", &map::png(map)?)) {}
            @if let Some(subject) = photo.report.framing.subject { (outline(subject, photo, "subject")) }
            @if let Some(region) = context.region { (outline(region, photo, "region")) }
        }
    })
}

/// Where the model sees its subject, over the photo once more.
fn activation_map(
    number: usize,
    name: &str,
    photo: &Examined,
    seen: &Relevance,
    activation: &ActivationMap,
) -> anyhow::Result<Markup> {
    let (width, height) = (photo.picture.width, photo.picture.height);
    let label = format!(
        "Where the model sees {} in {name}. It takes the photo for {}.",
        relevance::mapped(seen).code(),
        relevance::words(seen)
    );
    Ok(html! {
        svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(label) {
            use href={ "#photo-" (number) } {}
            rect.shade width=(width) height=(height) {}
            image.heat width=(width) height=(height) preserveAspectRatio="none"
                href=(data_uri("image/png", &relevance::png(activation)?)) {}
            @if let Some(subject) = activation.subject() { (outline(subject, photo, "subject")) }
        }
    })
}

/// The outline of a part of the photo.
fn outline(region: Region, photo: &Examined, class: &str) -> Markup {
    let (width, height) = (f64::from(photo.picture.width), f64::from(photo.picture.height));
    html! {
        rect.(class) x=(pixels(region.x * width)) y=(pixels(region.y * height))
            width=(pixels(region.width * width)) height=(pixels(region.height * height)) {}
    }
}

fn figures(totals: &Totals) -> Markup {
    let figure = |class: &str, count: usize, what: &str| {
        html! { li.(class) { strong { (count) } " " (what) } }
    };
    html! {
        ul.totals {
            (figure("all", totals.judged() + totals.failed, "photos"))
            (figure("good", totals.good, "good"))
            (figure("retake", totals.retake, "to retake"))
            @if totals.failed > 0 { (figure("failed", totals.failed, "could not be judged")) }
        }
        p {
            @for (reason, count) in &totals.reasons { (spaced(reason.code())) " " strong { (count) } " · " }
            "soft, yet usable " strong { (totals.soft) }
        }
    }
}

fn legend(with_model: bool) -> Markup {
    let swatch = |class: &str, what: &str| html! { li { span.swatch.(class) {} (what) } };
    let stops = map::DETAIL.map(css).join(",");
    html! {
        ul.legend aria-label="What the maps show" {
            li { "no detail " span.ramp style={ "background:linear-gradient(90deg," (stops) ")" } {} " crisp" }
            (swatch("burnt", "burnt out"))
            (swatch("black", "black"))
            (swatch("glare", "glare"))
            @if with_model { li { "elsewhere " span.ramp.seen {} " what the photo is of" } }
            (swatch("subject", "subject"))
            (swatch("region", "tapped region"))
        }
        style {
            ".burnt{--hatch:" (css(map::BURNT)) "}.black{--hatch:" (css(map::BLACK)) "}"
            ".swatch.glare{background:" (css(map::GLARE)) "}"
            ".ramp.seen{background:linear-gradient(90deg,#444a57," (css(relevance::SEEN)) ")}"
        }
    }
}

/// Which photos are shown. Style alone does it: there is no script.
fn choice() -> Markup {
    html! {
        fieldset {
            legend { "Show" }
            label { input type="radio" name="show" checked; " all photos" }
            label { input type="radio" name="show" id="only-retake"; " only those to retake" }
        }
    }
}

/// The name of a folder, also of `.` and `..`.
fn folder_name(folder: &Path) -> String {
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    absolute.file_name().unwrap_or(absolute.as_os_str()).to_string_lossy().into_owned()
}

fn data_uri(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// A length in pixels of the picture, to a tenth.
fn pixels(length: f64) -> String {
    format!("{length:.1}")
}

fn css([red, green, blue]: [u8; 3]) -> String {
    format!("rgb({red} {green} {blue})")
}

/// A code as words.
fn spaced(code: &str) -> String {
    code.replace('_', " ")
}

/// Enough of a hash to compare two pages by.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
