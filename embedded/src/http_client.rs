//! The way of aws-sdk-s3 into the store without a socket.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use s3s::service::S3Service;

/// Calls the service in process.
#[derive(Clone, Debug)]
pub(crate) struct InProcess(s3s_aws::Connector);

impl From<S3Service> for InProcess {
    fn from(service: S3Service) -> Self {
        Self(service.into())
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_head = request.method() == "HEAD";
        let answer = self.0.call(request);
        if !is_head {
            return answer;
        }
        // HTTP carries no body in an answer to HEAD, and clients rely on that: a missing object is then
        // `NotFound` and not an error document.
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            *answer.body_mut() = SdkBody::empty();
            Ok(answer)
        })
    }
}
