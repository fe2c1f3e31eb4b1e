use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{TestServer, problem};

/// Every route of the API. A new one is added here, and then it must be in the document, too.
const ROUTES: &[(&str, &str)] = &[
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/v1/events"),
    ("get", "/v1/evidence/{id}"),
    ("get", "/v1/evidence/{id}/photo"),
    ("get", "/v1/evidence/{id}/thumbnail"),
    ("get", "/v1/returns"),
    ("get", "/v1/returns/{id}"),
    ("get", "/v1/service"),
    ("post", "/v1/reconcile"),
    ("post", "/v1/returns"),
    ("post", "/v1/returns/{id}/evidence"),
    ("delete", "/v1/uploads/{id}"),
    ("head", "/v1/uploads/{id}"),
    ("options", "/v1/uploads"),
    ("options", "/v1/uploads/{id}"),
    ("patch", "/v1/uploads/{id}"),
    ("post", "/v1/uploads"),
];

async fn document(server: &TestServer) -> Value {
    let response = server.client.get(server.url("/openapi.json")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
        })
        .collect()
}

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let server = TestServer::start().await;
    let document = document(&server).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let expected: BTreeSet<_> =
        ROUTES.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(operations(&document), expected);
}

#[tokio::test]
async fn every_documented_operation_is_served_and_every_other_method_is_a_problem() {
    let server = TestServer::start().await;
    let operations = operations(&document(&server).await);
    let id = "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77";
    for path in operations.iter().map(|(_, path)| path).collect::<BTreeSet<_>>() {
        for method in ["get", "post", "put", "patch", "delete", "options", "head"] {
            let url = server.url(&path.replace("{id}", id));
            let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let response = server.client.request(verb, url).send().await.unwrap();
            let documented = operations.contains(&(method.to_owned(), path.clone()));
            // A HEAD goes with every GET.
            let documented =
                documented || method == "head" && operations.contains(&("get".to_owned(), path.clone()));
            let answered = response.status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(answered, documented, "{method} {path}");
            if !answered && method != "head" {
                assert_eq!(problem(response).await.code(), "method-not-allowed");
            }
        }
    }
}

#[tokio::test]
async fn every_operation_says_its_problems_and_whether_it_wants_a_token() {
    let server = TestServer::start().await;
    let document = document(&server).await;
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["token"]["scheme"], "bearer");
    assert!(document["components"]["schemas"]["Problem"].is_object());
    let open = ["/healthz", "/readyz", "/v1/service"];
    for (method, path) in operations(&document) {
        let operation = &document["paths"][&path][&method];
        let content = &operation["responses"]["4XX"]["content"]["application/problem+json"];
        assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path}");
        let free = open.contains(&path.as_str()) || method == "options";
        assert_eq!(operation["security"].is_null(), free, "{method} {path}");
        let answer = server
            .client
            .request(
                Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                server.url(&path.replace("{id}", "0198c5a0-7c3e-7d52-9f6b-2f6d0a4c1e77")),
            )
            .header("Tus-Resumable", "1.0.0")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status() == StatusCode::UNAUTHORIZED, !free, "{method} {path}");
    }
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let server = TestServer::start().await;
    let document = document(&server).await;
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.trim_start_matches('#');
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                waiting.extend(members.values());
            }
            Value::Array(values) => waiting.extend(values),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_document_says_how_evidence_tells_what_it_shows() {
    let server = TestServer::start().await;
    let schemas = &document(&server).await["components"]["schemas"];
    for (schema, members) in [
        ("EvidenceView", &["agreement", "relevance"][..]),
        ("AnalysisRecord", &["model_hash", "model_version"]),
        ("RelevanceView", &["device", "server", "agreement", "same_model"]),
        ("SubjectView", &["subject", "confidence", "scores", "model"]),
        ("ModelView", &["sha256", "version"]),
    ] {
        for member in members {
            let described = schemas[schema]["properties"][*member].as_object();
            assert!(described.is_some_and(|member| !member.is_empty()), "{schema}.{member}");
        }
    }
    let required = schemas["EvidenceView"]["required"].as_array().unwrap();
    assert!(!required.iter().any(|member| member == "relevance"), "evidence may be older than models");
}
