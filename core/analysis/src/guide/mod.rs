//! The guide: turns what every frame says into one calm hint (design §4).
//!
//! A frame's report lists everything that could be said of it, and says something else a fifteenth of a second later.
//! [`Guide::advance`] takes the reports one by one, with the time, and answers what to show now. It is a pure function of
//! what it was given since [`Guide::restart`]: a small value to copy, without heap, clock or threads. The platform keeps it.
//!
//! # How a hint wins
//! 1. **Good first.** When 3 of the last 4 frames have nothing to say, and have had nothing for 400 ms, `good` is wanted and
//!    all earlier faults are forgiven.
//! 2. **Else the most urgent fault** that has a share of the window: 40 % to appear, 25 % to stay. Frames weigh less with
//!    age, 0.95 for a fifteenth of a second, so the rule is the same at 5 and at 60 frames per second. A fault appears
//!    only with a frame that has it, and is over once no frame had it for 400 ms, whatever its share.
//! 3. **Else, when frames keep having faults but never the same**, the one with the largest share, and it stays until it
//!    is over. So it is as well when nothing is shown that still holds: at the end of the silence, and after a fault that is
//!    over while the scene is not good yet.
//! 4. **Else `soft`**, with a frame that is, when 40 % of the frames have anything to say. **Else** what is shown stays.
//!
//! What is wanted replaces what is shown as soon as that has had its time: nothing for 800 ms from the first frame, a fault
//! 1,500 ms, `soft` and `good` 1,000 ms, counted from when it was first shown. So a fault that has been there long
//! enough goes at once, and one that has just appeared stays although the scene is good already; [`Guidance::progress`]
//! tells that at once. A fault that every frame has is shown, or a more urgent one is, within 2.5 s.
//!
//! # Time
//! `now` is any clock; only differences count. A clock that goes back or stands still adds nothing. A gap of more than
//! the window (3 s) empties it, and counts as 3 s: an app that comes back after a day goes on where it was.
//!
//! Not responsible for: what is wrong with a frame ([`crate::FrameReport::hints`]), the words on the screen
//! ([`crate::Hint::text`]), taking the photo, or switching the torch.

mod budget;
mod clock;
mod guidance;
mod policy;
mod stabiliser;
mod steady;
mod torch;
mod window;

pub use guidance::{Guidance, TorchAdvice};
pub use policy::GuidePolicy;
pub use stabiliser::Guide;
