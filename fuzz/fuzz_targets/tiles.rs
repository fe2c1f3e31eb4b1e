//! Vector and scalar leaf functions agree on any plane.
#![no_main]

use arbitrary::Arbitrary;
use clearshot_analysis::LumaPlane;
use clearshot_analysis::internals::TilePass;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    width: u16,
    height: u8,
    padding: u8,
    offset: u8,
    pixels: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let width = usize::from(input.width) % 700 + 1;
    let stride = width + usize::from(input.padding);
    let height = usize::from(input.height) % 48 + 1;
    // Short inputs are repeated, at other places of a row each time.
    let bytes = input.pixels.iter().copied().cycle().take(stride * height + 64);
    let data: Vec<u8> = bytes.skip(usize::from(input.offset % 64)).collect();
    let Ok(plane) = LumaPlane::new(&data, width, height, stride, 1) else { return };
    let (mut vector, mut scalar) = (TilePass::default(), TilePass::default());
    vector.run(&plane);
    scalar.run_scalar(&plane);
    assert_eq!(vector, scalar);
});
