//! Turns the text of a message into an order, and refuses every order that could not be fulfilled.

use serde::Deserialize;

/// An order that can be taken.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    pub order_id: String,
    pub lines: Vec<Line>,
}

/// So many of one article.
#[derive(Debug, Deserialize, PartialEq)]
pub struct Line {
    pub article: String,
    pub quantity: u32,
}

/// Why a message is not an order that can be taken.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error("failed to read the order: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("failed to take order {0}: it has no lines")]
    Empty(String),
    #[error("failed to take order {0}: it asks for none of article {1}")]
    NoQuantity(String, String),
}

impl Order {
    /// Reads an order from JSON.
    pub fn parse(json: &str) -> Result<Self, OrderError> {
        let order: Self = serde_json::from_str(json)?;
        if order.lines.is_empty() {
            return Err(OrderError::Empty(order.order_id));
        }
        if let Some(line) = order.lines.iter().find(|line| line.quantity == 0) {
            return Err(OrderError::NoQuantity(order.order_id, line.article.clone()));
        }
        Ok(order)
    }

    /// How many pieces have to be packed.
    pub fn pieces(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.quantity)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_with_all_its_lines() {
        let json = r#"{"orderId":"A1","lines":[
            {"article":"cup","quantity":4},{"article":"pot","quantity":1}]}"#;

        let order = Order::parse(json).unwrap();

        assert_eq!(order.order_id, "A1");
        assert_eq!(order.lines.len(), 2);
        assert_eq!(order.pieces(), 5);
    }

    #[test]
    fn an_order_that_cannot_be_fulfilled_is_refused_by_name() {
        for (json, reason) in [
            (r#"{"orderId":"A1","lines":[]}"#, "order A1: it has no lines"),
            (r#"{"orderId":"A1","lines":[{"article":"cup","quantity":0}]}"#, "none of article cup"),
            (r#"{"orderId":"A1"}"#, "missing field `lines`"),
            ("A1", "failed to read the order"),
        ] {
            let error = Order::parse(json).unwrap_err().to_string();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
