//! Turns the number of rows an event asks for into rows of CSV, each sent as soon as it is made.

use std::convert::Infallible;

use futures::{Stream, stream};
use lambda_runtime::{Error, LambdaEvent, StreamResponse, run, service_fn};
use serde::Deserialize;

#[derive(Deserialize)]
struct Request {
    rows: u32,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

async fn handler(
    event: LambdaEvent<Request>,
) -> Result<StreamResponse<impl Stream<Item = Result<String, Infallible>>>, Error> {
    Ok(StreamResponse::from(stream::iter(rows(event.payload.rows).map(Ok))))
}

/// A header, and a row for each number with its square.
fn rows(count: u32) -> impl Iterator<Item = String> {
    let header = std::iter::once("number,square\n".to_owned());
    header.chain((1..=u64::from(count)).map(|number| format!("{number},{}\n", number * number)))
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn each_number_has_a_row_below_the_header() {
        assert_eq!(rows(2).collect::<String>(), "number,square\n1,1\n2,4\n");
        assert_eq!(rows(0).count(), 1);
        let last = rows(u32::MAX).skip(70_000).next().unwrap();
        assert_eq!(last, "70000,4900000000\n", "wider than the number itself");
    }
}
