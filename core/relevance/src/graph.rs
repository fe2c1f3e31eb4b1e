//! The network of a model file, read strictly: five kinds of layers, every shape worked out beforehand, every weight a
//! number. What passes here can be run; a file that was altered or made for something else stops here with an error.
//!
//! Not responsible for running it.

use std::collections::HashMap;

use crate::RelevanceError;
use crate::input::{CHANNELS, SIDE};
use crate::onnx::{AttributeProto, FLOAT, GraphProto, NodeProto, TensorProto, ValueInfoProto};
use crate::output::{CLASSES, MAP_SIDE};

/// Multiply-adds of one picture that are allowed: twice what the bundled network takes, still a few milliseconds on a
/// phone.
const MAX_MULTIPLY_ADDS: usize = 150_000_000;

/// Weights of all layers and what they give, together, that are allowed: 64 MiB. Several times what the bundled network
/// has; layers may share weights and do without any, so the size of the file does not bound them.
const MAX_NUMBERS: usize = 16 << 20;

/// A network, its layers in the order in which they can be run.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) layers: Vec<Layer>,
    /// The layer that gives the logits, by its number.
    pub(crate) logits: usize,
    /// The layer that gives the map, by its number.
    pub(crate) map: usize,
    /// What one picture takes.
    pub(crate) multiply_adds: usize,
}

/// One step of the network.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) inputs: Vec<Value>,
    /// Shape of what it gives, without the batch: channels, rows and columns; or numbers only.
    pub(crate) shape: Vec<usize>,
}

/// What a layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// The picture.
    Image,
    /// What an earlier layer gives.
    Layer(usize),
}

/// What a layer does.
#[derive(Debug)]
pub(crate) enum Kind {
    Convolution(Convolution),
    /// Negative values become 0.
    Relu,
    /// Two values of one shape, added up.
    Add,
    /// The mean of each channel, as 1 × 1 pixels.
    Mean,
    /// Channels of one pixel as plain numbers.
    Flatten,
}

/// A convolution with the same stride both ways.
#[derive(Debug)]
pub(crate) struct Convolution {
    /// Output channels, input channels, rows, columns.
    pub(crate) kernel: [usize; 4],
    /// As many as the kernel says.
    pub(crate) weights: Vec<f32>,
    /// One per output channel.
    pub(crate) bias: Vec<f32>,
    pub(crate) stride: usize,
    /// Rows and columns of zeros before the picture: above, left.
    pub(crate) before: [usize; 2],
    /// The same after it: below, right.
    pub(crate) after: [usize; 2],
}

impl Network {
    /// Reads and checks the graph of a file.
    pub(crate) fn read(graph: &GraphProto) -> Result<Self, RelevanceError> {
        let weights: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        // Older files name their weights among the inputs, too.
        let image = graph.input.iter().find(|input| !weights.contains_key(input.name.as_str()));
        let image = image.ok_or_else(|| RelevanceError::Missing("an input".to_owned()))?;
        check_shape("the input", &declared_shape(image), &[1, CHANNELS, SIDE, SIDE])?;

        let mut reader = Reader {
            weights,
            values: HashMap::from([(image.name.as_str(), Value::Image)]),
            layers: Vec::new(),
            multiply_adds: 0,
            numbers: 0,
        };
        for node in &graph.node {
            reader.take(node)?;
        }
        let logits = reader.output("logits", &[CLASSES])?;
        let map = reader.output("map", &[CLASSES, MAP_SIDE, MAP_SIDE])?;
        for name in ["logits", "map"] {
            if !graph.output.iter().any(|output| output.name == name) {
                return Err(RelevanceError::Missing(format!("the output {name}")));
            }
        }
        Ok(Self { layers: reader.layers, logits, map, multiply_adds: reader.multiply_adds })
    }
}

/// What has been read so far.
struct Reader<'a> {
    weights: HashMap<&'a str, &'a TensorProto>,
    values: HashMap<&'a str, Value>,
    layers: Vec<Layer>,
    multiply_adds: usize,
    /// Weights, and what the layers give.
    numbers: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, node: &'a NodeProto) -> Result<(), RelevanceError> {
        let [output] = node.output.as_slice() else { return Err(unsupported(node, "other than one output")) };
        let layer = match node.op_type.as_str() {
            "Conv" => self.convolution(node, output)?,
            "Relu" => self.plain(node, output, Kind::Relu, <[usize]>::to_vec)?,
            "Add" => self.sum(node, output)?,
            "GlobalAveragePool" => self.plain(node, output, Kind::Mean, |shape| vec![shape[0], 1, 1])?,
            "Flatten" => {
                if attribute(node, "axis").is_some_and(|axis| axis.i != 1) {
                    return Err(unsupported(node, "along another axis than 1"));
                }
                self.plain(node, output, Kind::Flatten, |shape| vec![shape.iter().product()])?
            }
            _ => return Err(unsupported(node, "which is not known")),
        };
        let weights =
            if let Kind::Convolution(convolution) = &layer.kind { convolution.weights.len() } else { 0 };
        self.numbers = self.numbers.saturating_add(weights + layer.shape.iter().product::<usize>());
        if self.numbers > MAX_NUMBERS {
            return Err(RelevanceError::TooMany { what: "numbers", limit: MAX_NUMBERS });
        }
        self.values.insert(output, Value::Layer(self.layers.len()));
        self.layers.push(layer);
        Ok(())
    }

    /// A layer with one input, of channels, rows and columns.
    fn plain(
        &self,
        node: &NodeProto,
        name: &str,
        kind: Kind,
        shape: fn(&[usize]) -> Vec<usize>,
    ) -> Result<Layer, RelevanceError> {
        let [input] = node.input.as_slice() else { return Err(unsupported(node, "of other than one input")) };
        let input = self.value(input)?;
        let found = self.picture(input, name)?;
        Ok(Layer { name: name.to_owned(), kind, inputs: vec![input], shape: shape(&found) })
    }

    fn sum(&self, node: &NodeProto, name: &str) -> Result<Layer, RelevanceError> {
        let [a, b] = node.input.as_slice() else { return Err(unsupported(node, "of other than two inputs")) };
        let (a, b) = (self.value(a)?, self.value(b)?);
        let shape = self.picture(a, name)?;
        check_shape(name, &self.picture(b, name)?, &shape)?;
        Ok(Layer { name: name.to_owned(), kind: Kind::Add, inputs: vec![a, b], shape: shape.to_vec() })
    }

    fn convolution(&mut self, node: &NodeProto, name: &str) -> Result<Layer, RelevanceError> {
        let [input, weights, bias] = node.input.as_slice() else {
            return Err(unsupported(node, "without a bias"));
        };
        let input = self.value(input)?;
        let [channels, height, width] = self.picture(input, name)?;
        let (shape, weights) = self.weights(weights)?;
        let &[filters, depth, rows, columns] = shape.as_slice() else {
            return Err(unsupported(node, "with a kernel of other than four dimensions"));
        };
        check_shape(name, &[filters, depth, rows, columns], &[filters, channels, rows, columns])?;
        let (bias_shape, bias) = self.weights(bias)?;
        check_shape(name, &bias_shape, &[filters])?;

        let (stride, [top, left, bottom, right]) = strides_and_pads(node, rows, columns)?;
        let side = |length: usize, padding: usize, kernel: usize| {
            (length + padding).checked_sub(kernel).filter(|_| kernel > 0).map(|rest| rest / stride + 1)
        };
        let (Some(out_height), Some(out_width)) =
            (side(height, top + bottom, rows), side(width, left + right, columns))
        else {
            return Err(unsupported(node, "with a kernel larger than its picture"));
        };
        let cost = weights.len().saturating_mul(out_height.saturating_mul(out_width));
        self.multiply_adds = self.multiply_adds.saturating_add(cost);
        if self.multiply_adds > MAX_MULTIPLY_ADDS {
            let multiply_adds = self.multiply_adds;
            return Err(RelevanceError::TooSlow { multiply_adds, limit: MAX_MULTIPLY_ADDS });
        }
        Ok(Layer {
            name: name.to_owned(),
            kind: Kind::Convolution(Convolution {
                kernel: [filters, depth, rows, columns],
                weights,
                bias,
                stride,
                before: [top, left],
                after: [bottom, right],
            }),
            inputs: vec![input],
            shape: vec![filters, out_height, out_width],
        })
    }

    fn value(&self, name: &str) -> Result<Value, RelevanceError> {
        self.values.get(name).copied().ok_or_else(|| RelevanceError::Missing(format!("the value {name}")))
    }

    /// The shape of a value that has channels, rows and columns.
    fn picture(&self, value: Value, user: &str) -> Result<[usize; 3], RelevanceError> {
        let shape = match value {
            Value::Image => &[CHANNELS, SIDE, SIDE][..],
            Value::Layer(index) => &self.layers[index].shape,
        };
        shape.try_into().map_err(|_| RelevanceError::Shape {
            what: format!("the input of {user}"),
            found: shape.to_vec(),
            expected: vec![shape.iter().product(), 1, 1],
        })
    }

    /// Shape and values of a tensor of the file.
    fn weights(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>), RelevanceError> {
        let tensor =
            self.weights.get(name).ok_or_else(|| RelevanceError::Missing(format!("the weights {name}")))?;
        let shape: Vec<usize> =
            tensor.dims.iter().map(|&side| usize::try_from(side).unwrap_or_default()).collect();
        let values: Vec<f32> = match tensor.data_type {
            FLOAT if tensor.raw_data.is_empty() => tensor.float_data.clone(),
            FLOAT => {
                let (numbers, _) = tensor.raw_data.as_chunks::<4>();
                numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
            }
            _ => return Err(RelevanceError::Missing(format!("numbers of 32 bits in the weights {name}"))),
        };
        let count = shape.iter().try_fold(1usize, |count, &side| count.checked_mul(side));
        if count != Some(values.len()) || values.is_empty() {
            return Err(RelevanceError::Shape {
                what: format!("the weights {name}"),
                found: vec![values.len()],
                expected: shape,
            });
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(RelevanceError::NotFinite(format!("the weights {name}")));
        }
        Ok((shape, values))
    }

    /// The number of the layer that gives an output.
    fn output(&self, name: &str, expected: &[usize]) -> Result<usize, RelevanceError> {
        match self.values.get(name) {
            Some(&Value::Layer(index)) => {
                check_shape(&format!("the output {name}"), &self.layers[index].shape, expected)?;
                Ok(index)
            }
            _ => Err(RelevanceError::Missing(format!("the output {name}"))),
        }
    }
}

/// Stride, and the padding above, left, below and right.
fn strides_and_pads(
    node: &NodeProto,
    rows: usize,
    columns: usize,
) -> Result<(usize, [usize; 4]), RelevanceError> {
    let grouped = attribute(node, "group").is_some_and(|group| group.i != 1);
    let padded_by_name = attribute(node, "auto_pad").is_some_and(|how| how.s != b"NOTSET");
    let dilated = sizes(node, "dilations")?.is_some_and(|dilations| dilations != [1, 1]);
    if grouped || padded_by_name || dilated {
        return Err(unsupported(node, "with groups, dilations or padding by name"));
    }
    if sizes(node, "kernel_shape")?.is_some_and(|kernel| kernel != [rows, columns]) {
        return Err(unsupported(node, "with two kernel sizes"));
    }
    let [down, across] = sizes(node, "strides")?.unwrap_or([1; 2]);
    if down != across || !(1..=SIDE).contains(&down) {
        return Err(unsupported(node, "with these strides"));
    }
    let pads = sizes(node, "pads")?.unwrap_or([0; 4]);
    let [top, left, bottom, right] = pads;
    if top.max(bottom) >= rows || left.max(right) >= columns {
        return Err(unsupported(node, "with this padding"));
    }
    Ok((down, pads))
}

/// An attribute of so many sizes; none when the node does not have it.
fn sizes<const N: usize>(node: &NodeProto, name: &str) -> Result<Option<[usize; N]>, RelevanceError> {
    let Some(found) = attribute(node, name) else { return Ok(None) };
    let sizes: Vec<usize> = found.ints.iter().map_while(|&size| usize::try_from(size).ok()).collect();
    let sizes = sizes.try_into().ok().filter(|_| found.ints.len() == N);
    sizes.map(Some).ok_or_else(|| unsupported(node, "with this many or negative sizes"))
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn declared_shape(value: &ValueInfoProto) -> Vec<usize> {
    let tensor = value.value_type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let float = tensor.filter(|tensor| tensor.elem_type == FLOAT);
    let sides = float.and_then(|tensor| tensor.shape.as_ref()).map(|shape| shape.dim.as_slice());
    let side = |side: i64| usize::try_from(side).unwrap_or_default();
    sides.unwrap_or_default().iter().map(|dimension| side(dimension.dim_value)).collect()
}

fn check_shape(what: &str, found: &[usize], expected: &[usize]) -> Result<(), RelevanceError> {
    if found == expected {
        return Ok(());
    }
    Err(RelevanceError::Shape { what: what.to_owned(), found: found.to_vec(), expected: expected.to_vec() })
}

fn unsupported(node: &NodeProto, how: &str) -> RelevanceError {
    RelevanceError::Operation {
        operation: format!("{} {how}", node.op_type),
        node: node.output.first().cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{self, ints, node};
    use crate::onnx::ModelProto;

    fn code(change: impl FnOnce(&mut ModelProto)) -> &'static str {
        let mut model = example::model();
        change(&mut model);
        Network::read(model.graph.as_ref().unwrap()).map_or_else(|error| error.code(), |_| "sound")
    }

    fn code_of_nodes(change: impl FnOnce(&mut Vec<NodeProto>)) -> &'static str {
        code(|model| change(&mut example::graph(model).node))
    }

    #[test]
    fn what_a_picture_takes_is_counted() {
        let network = Network::read(example::model().graph.as_ref().unwrap()).unwrap();
        assert_eq!(network.multiply_adds, 7 * 3 * 16 * 16 * 100);
        assert_eq!(code(|_| {}), "sound");
    }

    #[test]
    fn another_input_or_output_shape_is_refused() {
        assert_eq!(code_of_nodes(|nodes| nodes[0].attribute[1].ints = vec![8, 8]), "model_shape");
        assert_eq!(code(|model| example::graph(model).input[0].value_type = None), "model_shape");
        assert_eq!(code(|model| example::graph(model).input.clear()), "model_unreadable");
        assert_eq!(code(|model| example::graph(model).output.truncate(1)), "model_unreadable");
        assert_eq!(code_of_nodes(|nodes| nodes.truncate(3)), "model_unreadable");
        // Logits and map the wrong way round.
        assert_eq!(
            code_of_nodes(|nodes| {
                nodes[2].output[0] = "logits".to_owned();
                nodes[3].input[0] = "logits".to_owned();
                nodes[4].output[0] = "map".to_owned();
            }),
            "model_shape"
        );
    }

    #[test]
    fn operations_and_forms_of_them_that_are_not_known_are_refused() {
        let with = |attribute: AttributeProto| {
            code_of_nodes(|nodes| {
                nodes[0].attribute.retain(|old| old.name != attribute.name);
                nodes[0].attribute.push(attribute);
            })
        };
        assert_eq!(code_of_nodes(|nodes| nodes[1] = node("Sigmoid", &["look"], "relu")), "model_operation");
        assert_eq!(with(ints("strides", &[16, 8])), "model_operation");
        assert_eq!(with(ints("strides", &[0, 0])), "model_operation");
        assert_eq!(with(ints("pads", &[0, 0, -1, 0])), "model_operation");
        assert_eq!(with(ints("pads", &[i64::MAX; 4])), "model_operation");
        assert_eq!(with(ints("dilations", &[2, 2])), "model_operation");
        assert_eq!(with(ints("kernel_shape", &[16, 15])), "model_operation");
        assert_eq!(with(AttributeProto { i: 3, ..ints("group", &[]) }), "model_operation");
        assert_eq!(
            with(AttributeProto { s: b"SAME_UPPER".to_vec(), ..ints("auto_pad", &[]) }),
            "model_operation"
        );
        assert_eq!(with(ints("dilations", &[1, 1])), "sound");
    }

    #[test]
    fn values_that_nobody_gives_or_that_do_not_fit_are_refused() {
        assert_eq!(code_of_nodes(|nodes| nodes[1].input[0] = "elsewhere".to_owned()), "model_unreadable");
        assert_eq!(code_of_nodes(|nodes| nodes.reverse()), "model_unreadable");
        assert_eq!(code_of_nodes(|nodes| nodes[2].input[1] = "image".to_owned()), "model_shape");
        assert_eq!(code_of_nodes(|nodes| nodes[1].output.clear()), "model_operation");
        assert_eq!(
            code_of_nodes(|nodes| nodes.insert(3, node("Flatten", &["map"], "flat"))),
            "sound",
            "a value that nobody reads does no harm"
        );
        assert_eq!(
            code_of_nodes(|nodes| {
                nodes.insert(3, node("Flatten", &["map"], "flat"));
                nodes[4].input[0] = "flat".to_owned();
            }),
            "model_shape"
        );
    }

    #[test]
    fn weights_of_the_wrong_size_kind_or_value_are_refused() {
        let with =
            |change: fn(&mut TensorProto)| code(|model| change(&mut example::graph(model).initializer[0]));
        assert_eq!(with(|weights| weights.raw_data.truncate(4_000)), "model_shape");
        assert_eq!(with(|weights| weights.dims = vec![7, 3, 256]), "model_operation");
        assert_eq!(with(|weights| weights.dims = vec![i64::MAX; 4]), "model_shape");
        assert_eq!(with(|weights| weights.dims[0] = -7), "model_shape");
        assert_eq!(with(|weights| weights.data_type = 10), "model_unreadable");
        assert_eq!(
            with(|weights| weights.raw_data[..4].copy_from_slice(&f32::NAN.to_le_bytes())),
            "not_finite"
        );
        assert_eq!(code(|model| example::graph(model).initializer.truncate(1)), "model_unreadable");
    }

    #[test]
    fn a_network_that_would_take_too_long_is_refused() {
        let slow = code(|model| {
            let graph = example::graph(model);
            // The same kernel at every pixel, ten times over.
            for at in 0..10 {
                let mut layer = graph.node[0].clone();
                layer.attribute.truncate(1);
                layer.output[0] = format!("slow{at}");
                graph.node.insert(0, layer);
            }
        });
        assert_eq!(slow, "model_too_slow");
    }

    #[test]
    fn a_network_that_would_take_too_much_memory_is_refused() {
        // Numbers as many as the picture's each, and not one multiply-add.
        let repeated = |times: usize| {
            code_of_nodes(|nodes| {
                nodes[0].input[0] = "large".to_owned();
                for at in 0..times {
                    nodes.insert(0, node("Relu", &["image"], if at == 0 { "large" } else { "unused" }));
                }
            })
        };
        let pictures = MAX_NUMBERS / (CHANNELS * SIDE * SIDE);
        assert_eq!(repeated(pictures - 1), "sound");
        assert_eq!(repeated(pictures + 1), "model_too_large");
        // One kernel as large as the picture, used again and again: each use has weights of its own.
        let shared = code(|model| {
            let graph = example::graph(model);
            let filters = 16;
            let weights = &mut graph.initializer[0];
            weights.dims = vec![filters, 3, 160, 160];
            weights.raw_data = vec![0; filters as usize * 4 * CHANNELS * SIDE * SIDE];
            graph.initializer[1].dims = vec![filters];
            graph.initializer[1].raw_data = vec![0; 4 * filters as usize];
            graph.node[0].attribute.clear();
            for _ in 0..20 {
                graph.node.insert(0, graph.node[0].clone());
            }
        });
        assert_eq!(shared, "model_too_large");
    }
}
