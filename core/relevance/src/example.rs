//! A small, sound model for tests, with parts to break.

use prost::Message as _;

use crate::input::{CHANNELS, SIDE};
use crate::onnx::{
    AttributeProto, DimensionProto, FLOAT, GraphProto, ModelProto, NodeProto, Property, ShapeProto,
    TensorProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::output::{CLASSES, MAP_SIDE};

/// Convolution of 16 × 16 pixels (class k: weights of k / 1,000, bias k) → `ReLU` → doubled: the map; its means: the logits.
pub(crate) fn model() -> ModelProto {
    let per_class = CHANNELS * 16 * 16;
    let weights: Vec<f32> = (0..CLASSES * per_class).map(|at| (at / per_class) as f32 / 1_000.0).collect();
    let bias: Vec<f32> = (0..CLASSES).map(|class| class as f32).collect();
    ModelProto {
        graph: Some(GraphProto {
            node: vec![
                NodeProto {
                    attribute: vec![ints("kernel_shape", &[16, 16]), ints("strides", &[16, 16])],
                    ..node("Conv", &["image", "look.weights", "look.bias"], "look")
                },
                node("Relu", &["look"], "relu"),
                node("Add", &["relu", "relu"], "map"),
                node("GlobalAveragePool", &["map"], "mean"),
                node("Flatten", &["mean"], "logits"),
            ],
            initializer: vec![
                tensor("look.weights", &[CLASSES, CHANNELS, 16, 16], &weights),
                tensor("look.bias", &[CLASSES], &bias),
            ],
            input: vec![value("image", &[1, CHANNELS, SIDE, SIDE])],
            output: vec![value("logits", &[1, CLASSES]), value("map", &[1, CLASSES, MAP_SIDE, MAP_SIDE])],
        }),
        metadata_props: [
            ("version", "3"),
            ("classes", "product,person,document,screen,scene,animal,surface"),
            ("temperature", "1.5"),
            ("threshold", "0.25"),
            ("label_threshold", "0.2"),
            ("box_threshold", "0.5"),
            ("trained_on", "nothing"),
        ]
        .map(|(key, value)| Property { key: format!("clearshot.{key}"), value: value.to_owned() })
        .to_vec(),
    }
}

/// The same model in another version.
pub(crate) fn of_version(version: u32) -> ModelProto {
    let mut model = model();
    set_property(&mut model, "clearshot.version", &version.to_string());
    model
}

/// The file.
pub(crate) fn bytes(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

/// The network.
pub(crate) fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

/// Another value of a property.
pub(crate) fn set_property(model: &mut ModelProto, key: &str, value: &str) {
    let property = model.metadata_props.iter_mut().find(|property| property.key == key);
    value.clone_into(&mut property.unwrap().value);
}

/// One value for all weights of a tensor.
#[cfg(feature = "tract")]
pub(crate) fn set_weights(model: &mut ModelProto, name: &str, value: f32) {
    let tensor = graph(model).initializer.iter_mut().find(|tensor| tensor.name == name).unwrap();
    let count = tensor.raw_data.len() / 4;
    tensor.raw_data = value.to_le_bytes().repeat(count);
}

/// A node with one output.
pub(crate) fn node(operation: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        op_type: operation.to_owned(),
        attribute: Vec::new(),
    }
}

/// A list of numbers as an attribute.
pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), ints: ints.to_vec(), ..AttributeProto::default() }
}

fn tensor(name: &str, shape: &[usize], values: &[f32]) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|&side| i64::try_from(side).unwrap()).collect(),
        data_type: FLOAT,
        name: name.to_owned(),
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

fn value(name: &str, shape: &[usize]) -> ValueInfoProto {
    let dim = shape.iter().map(|&side| DimensionProto { dim_value: i64::try_from(side).unwrap() }).collect();
    let tensor = TensorTypeProto { elem_type: FLOAT, shape: Some(ShapeProto { dim }) };
    ValueInfoProto { name: name.to_owned(), value_type: Some(TypeProto { tensor_type: Some(tensor) }) }
}
