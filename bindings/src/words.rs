//! The words of sessions and queues, as enums: each is the core's enum of the same variants.

use crate::mirror::mirrored;

mirrored! {
    /// Why an item comes back. Decides which photos it needs.
    ReturnReason = clearshot_protocol::api::ReturnReason {
        /// It arrived broken.
        Damaged,
        /// It does not work.
        Defective,
        /// It is another item than ordered.
        WrongItem,
        /// Something is missing.
        MissingParts,
        /// It is not what the shop described.
        NotAsDescribed,
        /// The shopper changed their mind.
        Unwanted,
    }
}

mirrored! {
    /// How hard the shop insists on a good photo. None of them traps the shopper.
    AskPolicy = clearshot_capture::AskPolicy {
        /// Says what is wrong and keeps the photo.
        Warn,
        /// Asks twice; the third photo is kept. Before that, the shopper can insist.
        Soft,
        /// Asks twice; the third photo is kept. Before that, insisting does not help.
        Hard,
    }
}

mirrored! {
    /// Which networks a photo may use.
    NetworkPolicy = clearshot_capture::MeteredPolicy {
        /// Any.
        Any,
        /// Only those that cost nothing.
        Unmetered,
        /// Those that cost nothing, and after two hours any.
        UnmeteredThenAny,
    }
}

mirrored! {
    /// Where a photo stands.
    CaptureState = clearshot_capture::CaptureState {
        /// Saved; nothing of it is known to have been sent.
        Queued,
        /// Partly sent.
        Uploading,
        /// The server has every byte, and has not yet accepted it.
        Uploaded,
        /// The server accepted it.
        Accepted,
        /// The server says that it cannot be evidence.
        Rejected,
        /// Sending has failed too often or for too long; it can be tried again.
        Stalled,
        /// Its photo is no longer whole on this device.
        Lost,
    }
}

mirrored! {
    /// One thing that the shopper can do about a photo.
    Choice = clearshot_capture::Choice {
        /// Nothing: it goes on by itself.
        Wait,
        /// Look after the connection.
        Connect,
        /// Use a network that is not metered.
        ConnectToWifi,
        /// Sign in again.
        SignIn,
        /// Have it sent again from a clean slate.
        Retry,
        /// Ask the shop: no photo would be taken as things are.
        AskShop,
        /// Take another photo of the same.
        TakeAgain,
        /// Delete the photo from this device.
        Discard,
    }
}

mirrored! {
    /// What the queue waits for.
    WaitReason = clearshot_capture::WaitReason {
        /// A network.
        Offline,
        /// A network that is not metered.
        Metered,
        /// The end of a back-off.
        BackOff,
        /// Somebody else is sending what is left.
        Leased,
        /// The shopper to sign in: the server has refused the token, and a fresh one.
        Unauthorised,
        /// The server's check of what has arrived.
        Verifying,
    }
}
