//! What a photo is to show, as it is told on the command line: the same options for `check`, `guide` and `report`.

use clearshot_analysis::{Aim, FrameContext, Region};
use clearshot_protocol::api::ShotRole;

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct SceneArguments {
    /// What the photos are to show: overview, defect, label, packaging, serial, other; decides how they should be framed
    #[arg(long, value_name = "ROLE")]
    role: Option<ShotRole>,
    /// Where the shopper tapped, each number a fraction of the upright photo from its upper left: light and focus are
    /// judged there
    #[arg(long, value_name = "X,Y,WIDTH,HEIGHT", value_parser = parse_region)]
    region: Option<Region>,
}

impl SceneArguments {
    /// As analysis takes it.
    pub(crate) fn context(&self) -> FrameContext {
        let aim = self.role.map_or(Aim::Any, |role| Aim::for_role(role.as_str()));
        FrameContext { aim, region: self.region, ..FrameContext::default() }
    }
}

/// Reads `0.4,0.3,0.2,0.2`. The region must have a size and lie on the photo.
fn parse_region(text: &str) -> Result<Region, String> {
    let numbers: Vec<f64> =
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().unwrap_or_default();
    let &[x, y, width, height] = numbers.as_slice() else {
        return Err("four numbers are needed, such as 0.4,0.3,0.2,0.2".to_owned());
    };
    let on_photo = |start: f64, size: f64| {
        // A third and two thirds make a little more than one.
        start >= 0.0 && size > 0.0 && start + size <= 1.0 + 1e-9
    };
    if on_photo(x, width) && on_photo(y, height) {
        Ok(Region { x, y, width, height })
    } else {
        Err("it must lie on the photo: fractions from 0 to 1, and a size above 0".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_four_fractions_that_lie_on_the_photo() {
        let region = Region { x: 0.25, y: 0.0, width: 0.75, height: 1.0 };
        assert_eq!(parse_region("0.25, 0,0.75,1"), Ok(region));
        for wrong in
            ["", "0.1,0.2,0.3", "0,0,1,1,1", "0,0,1,x", "0,0,0,1", "0.5,0,0.6,1", "-0.1,0,1,1", "0,0,NaN,1"]
        {
            assert!(parse_region(wrong).is_err(), "{wrong:?}");
        }
    }
}
