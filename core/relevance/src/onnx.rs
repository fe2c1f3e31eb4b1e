//! The messages of an ONNX file that a plain convolution network needs, by the field numbers of onnx.proto (ONNX IR
//! version 8). Fields that are not named here are skipped when a file is read.
//!
//! Not responsible for what the messages mean: see [`crate::graph`] and [`crate::card`].

use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::RelevanceError;

/// `TensorProto.DataType.FLOAT`.
pub(crate) const FLOAT: i32 = 1;

/// Most fields of the file, its network and its nodes together; the bundled model has not a tenth of them. A field of two
/// bytes can be a message that takes a hundred in memory, so a file of nothing else would take a hundred times its size.
const MAX_PARTS: usize = 16_384;

/// Where the messages are that others are repeated in: the network in the file, the nodes in the network.
const NESTED: [u32; 2] = [7, 1];

/// Reads a file. Takes little more memory than the file has bytes.
pub(crate) fn read(file: &[u8]) -> Result<ModelProto, RelevanceError> {
    if count_parts(file, &NESTED) > MAX_PARTS {
        return Err(RelevanceError::TooMany { what: "parts", limit: MAX_PARTS });
    }
    Ok(ModelProto::decode(file)?)
}

/// Fields of a message and of those in it that are named by `nested`. Ends where decoding fails as well.
fn count_parts(mut message: &[u8], nested: &[u32]) -> usize {
    let mut parts = 0;
    while let Ok((tag, kind)) = decode_key(&mut message) {
        parts += 1;
        if kind != WireType::LengthDelimited {
            if skip_field(kind, tag, &mut message, DecodeContext::default()).is_err() {
                break;
            }
            continue;
        }
        let length = decode_varint(&mut message).ok().and_then(|length| usize::try_from(length).ok());
        let Some((field, rest)) = length.and_then(|length| message.split_at_checked(length)) else { break };
        if let Some((&first, deeper)) = nested.split_first()
            && first == tag
        {
            parts += count_parts(field, deeper);
        }
        message = rest;
    }
    parts
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ModelProto {
    #[prost(message, optional, tag = "7")]
    pub(crate) graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "14")]
    pub(crate) metadata_props: Vec<Property>,
}

/// `StringStringEntryProto`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Property {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub(crate) node: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    pub(crate) input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub(crate) input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(crate) output: Vec<String>,
    #[prost(string, tag = "4")]
    pub(crate) op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub(crate) attribute: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AttributeProto {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(int64, tag = "3")]
    pub(crate) i: i64,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) s: Vec<u8>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub(crate) ints: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorProto {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub(crate) dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub(crate) data_type: i32,
    #[prost(float, repeated, tag = "4")]
    pub(crate) float_data: Vec<f32>,
    #[prost(string, tag = "8")]
    pub(crate) name: String,
    /// Little-endian, whatever the machine.
    #[prost(bytes = "vec", tag = "9")]
    pub(crate) raw_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueInfoProto {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) value_type: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TypeProto {
    #[prost(message, optional, tag = "1")]
    pub(crate) tensor_type: Option<TensorTypeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorTypeProto {
    #[prost(int32, tag = "1")]
    pub(crate) elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) shape: Option<ShapeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ShapeProto {
    #[prost(message, repeated, tag = "1")]
    pub(crate) dim: Vec<DimensionProto>,
}

/// A dimension with a name instead of a number reads as 0.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DimensionProto {
    #[prost(int64, tag = "1")]
    pub(crate) dim_value: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    /// A field of no bytes in the given message.
    fn empty(tag: u8) -> [u8; 2] {
        [tag << 3 | 2, 0]
    }

    /// A message in a field.
    fn within(tag: u8, message: &[u8]) -> Vec<u8> {
        let mut field = vec![tag << 3 | 2];
        prost::encoding::encode_varint(message.len() as u64, &mut field);
        field.extend_from_slice(message);
        field
    }

    #[test]
    fn a_file_of_countless_empty_messages_is_refused_wherever_they_are() {
        let code = |file: &[u8]| read(file).map_or_else(|error| error.code(), |_| "read");
        for tag in [1, 5, 11, 12] {
            assert_eq!(
                code(&within(7, &empty(tag).repeat(MAX_PARTS))),
                "model_too_large",
                "in the network: {tag}"
            );
        }
        for tag in [1, 2, 5] {
            let node = within(1, &empty(tag).repeat(MAX_PARTS));
            assert_eq!(code(&within(7, &node)), "model_too_large", "in a node: {tag}");
            let halves = within(1, &empty(tag).repeat(MAX_PARTS / 2)).repeat(2);
            assert_eq!(code(&within(7, &halves)), "model_too_large", "in two nodes: {tag}");
        }
        assert_eq!(code(&empty(14).repeat(MAX_PARTS + 1)), "model_too_large");
        assert_eq!(code(&empty(14).repeat(MAX_PARTS)), "read");
    }

    #[test]
    fn every_field_of_a_sound_file_is_counted() {
        let model = example::model();
        let graph = model.graph.as_ref().unwrap();
        let in_nodes: usize = graph
            .node
            .iter()
            .map(|node| node.input.len() + node.output.len() + 1 + node.attribute.len())
            .sum();
        let in_graph = graph.node.len() + graph.initializer.len() + graph.input.len() + graph.output.len();
        let expected = in_nodes + in_graph + 1 + model.metadata_props.len();
        assert_eq!(count_parts(&example::bytes(&model), &NESTED), expected);
    }
}
