//! The recipient's page, and its worker.

fn main() {
    if waxseal_client::worker::is_worker() {
        waxseal_client::worker::serve();
    } else {
        waxseal_client::recipient::start();
    }
}
