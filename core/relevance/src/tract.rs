//! The network, run by tract.
//!
//! The plan is made once and shared; every run has a state of its own, so threads do not wait for each other. A panic
//! inside tract becomes an error: an app must not go down with its model.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tract_core::internal::{
    DatumExt as _, IntoTValue as _, OutletId, SpecialOps as _, TVec, Tensor, ToDim as _,
    TractErrorContext as _, TractResult, TypedModel, TypedSimplePlan, tensor1, tvec,
};
use tract_core::ops::change_axes::AxisOp;
use tract_core::ops::cnn::{Conv, KernelFormat, PaddingSpec, PoolSpec};
use tract_core::ops::math;
use tract_core::ops::nn::{DataFormat, Reduce, Reducer};

use crate::RelevanceError;
use crate::graph::{Convolution, Kind, Layer, Network, Value};
use crate::input::{CHANNELS, Input, SIDE};
use crate::model::Runtime;
use crate::output::Output;

/// A network that is ready to run.
#[derive(Debug)]
pub(crate) struct TractRuntime {
    plan: Arc<TypedSimplePlan>,
}

impl TractRuntime {
    /// Hands the network to tract and lets it optimise.
    pub(crate) fn new(network: &Network) -> Result<Self, RelevanceError> {
        let plan = guarded(|| plan(network))?;
        Ok(Self { plan })
    }
}

impl Runtime for TractRuntime {
    fn run(&self, input: &Input) -> Result<Output, RelevanceError> {
        let (logits, map) = guarded(|| {
            let image = Tensor::from_shape(&[1, CHANNELS, SIDE, SIDE], input.values())?;
            let answers = self.plan.run(tvec!(image.into_tvalue()))?;
            let numbers = |index: usize| -> TractResult<Vec<f32>> {
                let answer = answers.get(index).context("an answer is missing")?;
                Ok(answer.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
            };
            Ok((numbers(0)?, numbers(1)?))
        })?;
        Output::new(&logits, &map)
    }
}

fn plan(network: &Network) -> TractResult<Arc<TypedSimplePlan>> {
    let mut model = TypedModel::default();
    let image = model.add_source("image", f32::fact([1, CHANNELS, SIDE, SIDE]))?;
    let mut given: Vec<OutletId> = Vec::with_capacity(network.layers.len());
    for layer in &network.layers {
        let inputs: TVec<OutletId> = layer
            .inputs
            .iter()
            .map(|input| match *input {
                Value::Image => image,
                Value::Layer(index) => given[index],
            })
            .collect();
        given.push(wire(&mut model, layer, &inputs)?);
    }
    model.select_output_outlets(&[given[network.logits], given[network.map]])?;
    // Tidying up first (`into_optimized`) takes twice as long, and finds nothing in so plain a network: it runs as fast.
    model.optimize()?;
    TypedSimplePlan::new(model)
}

fn wire(model: &mut TypedModel, layer: &Layer, inputs: &[OutletId]) -> TractResult<OutletId> {
    let name = &layer.name;
    let wires = match &layer.kind {
        Kind::Convolution(convolution) => return wire_convolution(model, name, convolution, inputs[0]),
        Kind::Relu => {
            let zero = model.add_const(format!("{name}.zero"), Tensor::zero::<f32>(&[1, 1, 1, 1])?)?;
            model.wire_node(name, math::max(), &[inputs[0], zero])?
        }
        Kind::Add => model.wire_node(name, math::add(), inputs)?,
        Kind::Mean => {
            let cells: usize = model
                .outlet_fact(inputs[0])?
                .shape
                .as_concrete()
                .map_or(1, |shape| shape[2..].iter().product());
            let sum =
                model.wire_node(format!("{name}.sum"), Reduce::new(tvec!(2, 3), Reducer::Sum), inputs)?;
            let share = Tensor::from_shape(&[1, 1, 1, 1], &[1.0 / cells as f32])?;
            let share = model.add_const(format!("{name}.share"), share)?;
            model.wire_node(name, math::mul(), &[sum[0], share])?
        }
        Kind::Flatten => {
            let from = model.outlet_fact(inputs[0])?.shape.to_tvec();
            let to = tvec!(layer.shape.iter().product::<usize>().to_dim());
            model.wire_node(name, AxisOp::Reshape(1, from[1..].into(), to), inputs)?
        }
    };
    Ok(wires[0])
}

fn wire_convolution(
    model: &mut TypedModel,
    name: &str,
    convolution: &Convolution,
    input: OutletId,
) -> TractResult<OutletId> {
    let [filters, depth, rows, columns] = convolution.kernel;
    let weights = Tensor::from_shape(&[filters, depth, rows, columns], &convolution.weights)?;
    let weights = model.add_const(format!("{name}.weights"), weights)?;
    let bias = model.add_const(format!("{name}.bias"), tensor1(&convolution.bias))?;
    let pool = PoolSpec {
        data_format: DataFormat::NCHW,
        kernel_shape: tvec!(rows, columns),
        padding: PaddingSpec::Explicit(
            TVec::from_slice(&convolution.before),
            TVec::from_slice(&convolution.after),
        ),
        dilations: None,
        strides: Some(tvec!(convolution.stride, convolution.stride)),
        input_channels: depth,
        output_channels: filters,
    };
    let operation = Conv::new(pool, KernelFormat::OIHW, 1, None);
    Ok(model.wire_node(name, operation, &[input, weights, bias])?[0])
}

/// Turns what goes wrong in tract, errors and panics, into ours. Nothing half done is kept: the state of a run is its own.
fn guarded<T>(work: impl FnOnce() -> TractResult<T>) -> Result<T, RelevanceError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| RelevanceError::Runtime(error.into())),
        Err(panic) => Err(RelevanceError::Panicked(message(panic.as_ref()))),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without words".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::example;
    use crate::model::{Model, ModelFile};

    fn input(grey: u8) -> Input {
        let plane = clearshot_analysis::SamplePlane::new(std::slice::from_ref(&grey), 1, 1, 1, 1).unwrap();
        Input::of_rgb(&[plane; 3])
    }

    #[test]
    fn the_answer_is_what_the_layers_say_by_hand() {
        // One convolution whose weights of class k are all k / 1,000, with a bias of k; the sum, doubled by adding it to
        // itself, is the map.
        let model = Model::from_bytes(&example::bytes(&example::model())).unwrap();
        let output = model.run(&input(51)).unwrap();
        for (class, cells) in output.maps().iter().enumerate() {
            let k = class as f32;
            // 3 × 16 × 16 pixels of 51 / 255.
            let expected = 2.0 * (768.0 * 0.2 * k / 1_000.0 + k);
            assert!(cells.iter().all(|cell| (cell - expected).abs() < 1e-4), "{class}: {cells:?}");
            assert!((output.logits()[class] - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn eight_threads_get_the_answers_that_one_gets() {
        let model = Model::from_bytes(&example::bytes(&example::model())).unwrap();
        let alone: Vec<_> = (0..8).map(|n| model.run(&input(30 * n)).unwrap()).collect();
        let together = Barrier::new(8);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let (model, together) = (&model, &together);
                    scope.spawn(move || {
                        together.wait();
                        (0..20).map(|_| model.run(&input(30 * n)).unwrap()).collect::<Vec<_>>()
                    })
                })
                .collect();
            for (thread, expected) in threads.into_iter().zip(&alone) {
                assert!(thread.join().unwrap().iter().all(|output| output == expected));
            }
        });
    }

    #[test]
    fn a_network_whose_answers_are_no_numbers_says_so() {
        // Finite weights whose products are not.
        let mut model = example::model();
        example::set_weights(&mut model, "look.weights", f32::MAX);
        let file = ModelFile::read(&example::bytes(&model)).unwrap();
        let error = Model::new(&file).unwrap().run(&input(255)).unwrap_err();
        assert_eq!(error.code(), "not_finite");
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_words() {
        let error = guarded::<()>(|| panic!("no {}", "kernel")).unwrap_err();
        assert!(matches!(error, RelevanceError::Panicked(words) if words == "no kernel"));
    }
}
