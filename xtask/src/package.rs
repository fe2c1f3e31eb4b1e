//! `cargo xtask package`: what an app team gets, laid out in target/package.
//!
//! Each kind is made of the same facade and the same hand-written package. Where a phone maker's tool chain is needed and
//! absent, the command says which, and leaves nothing half done behind.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::bindings::{self, FACADE, Profile, text};
use crate::pages;
use crate::tool::{Need, root, run_cargo, run_program};

/// What can be packaged.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Kind {
    /// The jar of the Kotlin package with this computer's library in it
    Kotlin,
    /// The Android archive: the same classes, the phones' libraries, the rules for R8 (needs the Android NDK)
    Aar,
    /// The library for iPhone, simulator and Mac (needs Xcode)
    Xcframework,
    /// The Swift package with that library in it (needs Xcode)
    Swift,
}

/// Where packages are put.
const PACKAGES: &str = "target/package";
/// Where Maven looks for libraries to put into the jar: a folder for each platform, as JNA calls it.
const NATIVES: &str = "target/bindings/natives";
/// What Maven has compiled.
const CLASSES: &str = "bindings/kotlin/target/classes";
/// What R8 must leave alone, with the reasons.
const RULES: &str = "bindings/kotlin/src/main/resources/META-INF/proguard/clearshot.pro";

/// The oldest Android that the library is linked for: 8.0, of 2017. The store's keys and JNA work from there on.
const ANDROID_API: u32 = 26;

/// Android's name of a processor, and Rust's.
const ABIS: &[(&str, &str)] = &[("arm64-v8a", "aarch64-linux-android"), ("x86_64", "x86_64-linux-android")];

/// The targets of an XCFramework: iPhone, its simulator, and the Mac for an app team's tests.
const APPLE: &[&str] = &["aarch64-apple-ios", "aarch64-apple-ios-sim", "aarch64-apple-darwin"];

const XCODE: Need = Need::Tool { command: &["xcrun"], install: "Xcode, on a Mac" };
const JAR: Need = Need::Tool { command: &["jar"], install: "apt-get install default-jdk-headless" };

/// Makes one kind.
pub(crate) fn run(kind: Kind) -> anyhow::Result<()> {
    match kind {
        Kind::Kotlin => kotlin(),
        Kind::Aar => aar(),
        Kind::Xcframework => xcframework().map(|_| ()),
        Kind::Swift => swift(),
    }
}

/// Adds this computer's library to those that lie in target/bindings/natives already, and makes the jar.
fn kotlin() -> anyhow::Result<()> {
    bindings::run()?;
    lay_native(&bindings::build(Profile::Release)?, &root().join(NATIVES))?;
    maven(&["package", "-DskipTests"])?;
    println!("    bindings/kotlin/target/clearshot-{}.jar", env!("CARGO_PKG_VERSION"));
    Ok(())
}

/// Puts this computer's library, stripped, among those of other platforms that go into the jar.
pub(crate) fn lay_native(library: &Path, natives: &Path) -> anyhow::Result<()> {
    let native = copy(library, &natives.join(jna_platform()))?;
    if cfg!(target_os = "linux") {
        run_program(&["strip", "--strip-unneeded", &text(&native)?], &[])?;
        pages::check(&native)?;
    }
    Ok(())
}

/// As JNA names the folder in which it looks for a library.
fn jna_platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let processor = std::env::consts::ARCH.replace("x86_64", "x86-64");
    format!("{system}-{processor}")
}

fn aar() -> anyhow::Result<()> {
    let tools = ndk()?;
    require(&JAR)?;
    bindings::run()?;
    maven(&["compile"])?;
    let libraries = ABIS.iter().map(|(abi, target)| Ok((*abi, android_library(&tools, target)?)));
    let libraries = libraries.collect::<anyhow::Result<Vec<_>>>()?;
    let folder = root().join(PACKAGES).join("aar");
    lay_out_aar(&folder, &root().join(CLASSES), &root().join(RULES), &libraries)?;
    let archive = root().join(PACKAGES).join("clearshot.aar");
    zip(&archive, &folder)?;
    println!("    {}", archive.display());
    Ok(())
}

/// The folder of the NDK's compilers for this computer.
fn ndk() -> anyhow::Result<PathBuf> {
    let missing = "it needs the Android NDK, and ANDROID_NDK_HOME names no folder with its tool chains";
    let home = std::env::var_os("ANDROID_NDK_HOME").map(PathBuf::from).context(missing)?;
    let host = if cfg!(target_os = "macos") { "darwin-x86_64" } else { "linux-x86_64" };
    let tools = home.join("toolchains/llvm/prebuilt").join(host).join("bin");
    if tools.is_dir() { Ok(tools) } else { bail!("{missing}: {}", tools.display()) }
}

/// Builds the stripped library for one of Android's targets.
fn android_library(tools: &Path, target: &'static str) -> anyhow::Result<PathBuf> {
    require(&Need::RustTarget(target))?;
    let compiler = text(&tools.join(format!("{target}{ANDROID_API}-clang")))?;
    let archiver = text(&tools.join("llvm-ar"))?;
    let suffix = target.replace('-', "_");
    let environment = [
        (format!("CC_{suffix}"), compiler.as_str()),
        (format!("AR_{suffix}"), archiver.as_str()),
        (format!("CARGO_TARGET_{}_LINKER", suffix.to_uppercase()), compiler.as_str()),
    ];
    let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    run_cargo(&["build", "--release", "--locked", "--package", FACADE, "--target", target], &environment)?;
    let library = root().join("target").join(target).join("release/libclearshot_ffi.so");
    run_program(&[&text(&tools.join("llvm-strip"))?, "--strip-unneeded", &text(&library)?], &[])?;
    pages::check(&library)?;
    Ok(library)
}

/// The layout of an AAR (developer.android.com, "AAR file anatomy"), in a folder that is made anew.
fn lay_out_aar(
    folder: &Path,
    classes: &Path,
    rules: &Path,
    libraries: &[(&str, PathBuf)],
) -> anyhow::Result<()> {
    empty(folder)?;
    let manifest = format!(
        "<manifest xmlns:android=\"http://schemas.android.com/apk/res/android\" package=\"dev.clearshot\">\n    \
         <uses-sdk android:minSdkVersion=\"{ANDROID_API}\" />\n</manifest>\n"
    );
    write(&folder.join("AndroidManifest.xml"), &manifest)?;
    write(&folder.join("R.txt"), "")?; // no resources; the file must be there
    std::fs::copy(rules, folder.join("proguard.txt")).with_context(|| format!("copy {}", rules.display()))?;
    zip(&folder.join("classes.jar"), classes)?;
    for (abi, library) in libraries {
        copy(library, &folder.join("jni").join(abi))?;
    }
    Ok(())
}

/// Makes the framework, and returns where it is.
fn xcframework() -> anyhow::Result<PathBuf> {
    require(&XCODE)?;
    bindings::run()?;
    let headers = root().join(PACKAGES).join("headers");
    empty(&headers)?;
    let generated = root().join("target/bindings/swift");
    copy(&generated.join("clearshot_ffiFFI.h"), &headers)?;
    let map = generated.join("clearshot_ffiFFI.modulemap");
    std::fs::copy(&map, headers.join("module.modulemap"))
        .with_context(|| format!("copy {}", map.display()))?;
    let headers = text(&headers)?;

    let framework = root().join(PACKAGES).join("ClearshotFFI.xcframework");
    remove(&framework)?;
    let mut create: Vec<String> = ["xcrun", "xcodebuild", "-create-xcframework"].map(str::to_owned).into();
    for target in APPLE {
        require(&Need::RustTarget(target))?;
        run_cargo(&["build", "--release", "--locked", "--package", FACADE, "--target", target], &[])?;
        let library = root().join("target").join(target).join("release/libclearshot_ffi.a");
        create.extend(["-library".to_owned(), text(&library)?, "-headers".to_owned(), headers.clone()]);
    }
    create.extend(["-output".to_owned(), text(&framework)?]);
    run_program(&create.iter().map(String::as_str).collect::<Vec<_>>(), &[])?;
    Ok(framework)
}

/// The sources, what is generated, and the framework: a package that builds without Rust.
fn swift() -> anyhow::Result<()> {
    let framework = xcframework()?;
    let generated = root().join("target/bindings/swift/ClearshotGenerated.swift");
    let folder = root().join(PACKAGES).join("Clearshot");
    lay_out_swift(&folder, &root().join("bindings/swift"), &generated, &framework)?;
    println!("    {}", folder.display());
    Ok(())
}

/// The Swift package in a folder that is made anew. What is generated is no file of the checkout, which at most has a link to
/// it, and is put in by name.
fn lay_out_swift(folder: &Path, package: &Path, generated: &Path, framework: &Path) -> anyhow::Result<()> {
    empty(folder)?;
    for part in ["Package.swift", "README.md", "Sources"] {
        run_program(&["cp", "-R", &text(&package.join(part))?, &text(folder)?], &[])?;
    }
    let sources = folder.join("Sources/ClearshotGenerated");
    empty(&sources)?;
    copy(generated, &sources)?;
    run_program(&["cp", "-R", &text(framework)?, &text(folder)?], &[])
}

fn maven(goals: &[&str]) -> anyhow::Result<()> {
    let maven = ["mvn", "--quiet", "--batch-mode", "--file", "bindings/kotlin/pom.xml"];
    run_program(&[&maven, goals].concat(), &[])
}

fn require(need: &Need) -> anyhow::Result<()> {
    if need.is_there() { Ok(()) } else { bail!("it needs {need}") }
}

/// Zips what is in a folder, without a Java manifest.
fn zip(archive: &Path, folder: &Path) -> anyhow::Result<()> {
    run_program(
        &["jar", "--create", "--no-manifest", "--file", &text(archive)?, "-C", &text(folder)?, "."],
        &[],
    )
}

/// Copies a file into a folder, which is made when needed; returns the copy.
fn copy(file: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let copy = folder.join(file.file_name().context("copy a file without a name")?);
    std::fs::copy(file, &copy).with_context(|| format!("copy {}", file.display()))?;
    Ok(copy)
}

/// Makes a folder anew.
pub(crate) fn empty(folder: &Path) -> anyhow::Result<()> {
    remove(folder)?;
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    std::fs::remove_dir_all(folder).with_context(|| format!("remove {}", folder.display()))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    #[allow(clippy::disallowed_methods, reason = "what is packaged can be packaged again")]
    std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aar_has_the_parts_that_android_looks_for() {
        if !JAR.is_there() {
            assert!(std::env::var_os("CI").is_none(), "{JAR} is missing");
            return println!("skipped: it needs {JAR}");
        }
        let place = tempfile::tempdir().unwrap();
        let (classes, library) = (place.path().join("classes"), place.path().join("libclearshot_ffi.so"));
        empty(&classes).unwrap();
        write(&classes.join("Clearshot.class"), "a class").unwrap();
        write(&library, "a library").unwrap();
        let rules = place.path().join("clearshot.pro");
        write(&rules, "-keep class com.sun.jna.** { *; }").unwrap();

        let folder = place.path().join("aar");
        lay_out_aar(&folder, &classes, &rules, &[("arm64-v8a", library)]).unwrap();
        let archive = place.path().join("clearshot.aar");
        zip(&archive, &folder).unwrap();

        let list =
            std::process::Command::new("jar").args(["--list", "--file"]).arg(&archive).output().unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        for part in [
            "AndroidManifest.xml",
            "R.txt",
            "classes.jar",
            "proguard.txt",
            "jni/arm64-v8a/libclearshot_ffi.so",
        ] {
            assert!(list.lines().any(|line| line == part), "{part} is not in\n{list}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_swift_package_carries_what_is_generated_whether_or_not_the_checkout_links_to_it() {
        for linked in [false, true] {
            let place = tempfile::tempdir().unwrap();
            let (package, generated) =
                (place.path().join("swift"), place.path().join("ClearshotGenerated.swift"));
            empty(&package.join("Sources/Clearshot")).unwrap();
            for part in ["Package.swift", "README.md", "Sources/Clearshot/Frame.swift"] {
                write(&package.join(part), part).unwrap();
            }
            write(&generated, "generated").unwrap();
            let link = package.join("Sources/ClearshotGenerated/ClearshotGenerated.swift");
            if linked {
                empty(link.parent().unwrap()).unwrap();
                std::os::unix::fs::symlink(&generated, &link).unwrap();
            }
            let framework = place.path().join("ClearshotFFI.xcframework");
            empty(&framework).unwrap();
            write(&framework.join("Info.plist"), "a framework").unwrap();

            let folder = place.path().join("Clearshot");
            lay_out_swift(&folder, &package, &generated, &framework).unwrap();

            let copy = folder.join("Sources/ClearshotGenerated/ClearshotGenerated.swift");
            assert!(std::fs::symlink_metadata(&copy).unwrap().is_file(), "linked: {linked}");
            assert_eq!(std::fs::read_to_string(&copy).unwrap(), "generated");
            assert!(folder.join("Sources/Clearshot/Frame.swift").is_file());
            assert!(folder.join("ClearshotFFI.xcframework/Info.plist").is_file());
        }
    }
}
