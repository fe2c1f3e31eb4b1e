//! Benchmarks whose peers need more than Rust to build: libjpeg-turbo wants cmake. They are a crate of their own, so that
//! everything else is built and tested without it.

pub mod measure;
pub mod peer;
pub mod photo;
