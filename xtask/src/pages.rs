//! Whether a library loads on a phone whose memory pages are of 16 KB.
//!
//! The flag that makes it so is in bindings/build.rs; here only the outcome is read, from the program headers.

use std::path::Path;

use anyhow::{Context as _, bail};
use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;

/// Bytes of the largest page that Android has (developer.android.com, "Support 16 KB page sizes").
const PAGE: u64 = 16 * 1024;

/// Fails unless every loaded segment of this ELF file can be mapped on pages of 16 KB.
pub(crate) fn check(library: &Path) -> anyhow::Result<()> {
    let name = library.display();
    let bytes = std::fs::read(library).with_context(|| format!("read {name}"))?;
    let elf = Elf::parse(&bytes).with_context(|| format!("read {name} as a library"))?;
    let segments: Vec<_> = elf.program_headers.iter().filter(|header| header.p_type == PT_LOAD).collect();
    if segments.is_empty() {
        bail!("{name} has nothing that is loaded");
    }
    for segment in &segments {
        // A page is mapped as it lies in the file: address and place must agree within it.
        let agrees = segment.p_vaddr % PAGE == segment.p_offset % PAGE;
        if segment.p_align < PAGE || !agrees {
            bail!("{name} is laid out for pages of {} bytes; phones may have {PAGE}", segment.p_align);
        }
    }
    println!("    {name}: {} segments fit pages of {PAGE} bytes", segments.len());
    Ok(())
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn a_program_linked_for_small_pages_is_refused() {
        // The linker's default on x86-64 is 4 KB, and nobody asks for more where these tests are built.
        let error = check(&std::env::current_exe().unwrap()).unwrap_err();
        assert!(error.to_string().contains("pages of 4096 bytes"), "{error:#}");
    }

    #[test]
    fn what_is_no_library_is_refused() {
        let error = check(&crate::tool::root().join("Cargo.toml")).unwrap_err();
        assert!(format!("{error:#}").contains("as a library"), "{error:#}");
    }
}
