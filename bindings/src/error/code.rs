//! The kinds of failure and what a shopper can do about them: each with a word that never changes and a sentence.

/// Declares an enum whose variants have a word on the wire and a sentence, so that the three cannot drift apart.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $vdoc:literal])+ $variant:ident: $word:literal, $text:literal;)+ }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
        pub enum $name {
            $($(#[doc = $vdoc])+ $variant,)+
        }

        impl $name {
            /// Every one, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word that never changes.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// One sentence about it, in English.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

words! {
    /// The kinds of failure. A later version may add some, and never changes the meaning of one.
    ErrorCode {
        /// Sizes and strides do not fit the frame's bytes.
        InvalidFrame: "invalid_frame", "The frame's sizes and strides do not fit its bytes.";
        /// The photo is of a kind that is not read, is too large or too small, or its pixels do not fit their description.
        UnsupportedPhoto: "unsupported_photo", "The photo is of a kind or size that is not supported.";
        /// The photo's file is empty, cut short or damaged.
        DamagedPhoto: "damaged_photo", "The photo's file is empty, cut short or damaged.";
        /// An argument is not what the call takes: an id that is none, an empty SKU, a time before 1970.
        InvalidArgument: "invalid_argument", "An argument is not what the call takes.";
        /// A configuration that is no JSON, has an unknown field or a value out of bounds.
        InvalidConfig: "invalid_config", "The configuration cannot be used.";
        /// A model or a model update that cannot be used.
        InvalidModel: "invalid_model", "The model cannot be used.";
        /// A model update that is not newer than the model in use.
        ModelNotNewer: "model_not_newer", "The model in use is as new.";
        /// What was given was made for later versions of the app.
        AppTooOld: "app_too_old", "A later version of the app is needed.";
        /// The object was closed before.
        Closed: "closed", "The object was closed before.";
        /// The store is paused: resume it first.
        Paused: "paused", "The store is paused.";
        /// Somebody else is using it now: another process, or a synchronisation that still runs.
        InUse: "in_use", "It is in use elsewhere.";
        /// The disk is full. Nothing was saved, nothing was lost.
        DiskFull: "disk_full", "The disk is full.";
        /// The limit of waiting photos is reached. Nothing was saved, nothing was evicted.
        Quota: "quota", "As many photos wait as are allowed.";
        /// The folder cannot be read or written.
        Storage: "storage", "The store's folder cannot be read or written.";
        /// The database or a file was damaged. What can be read again is, when the store is opened again.
        Damaged: "damaged", "The store is damaged; opening it again rebuilds it.";
        /// No such session, item, shot or capture.
        NotFound: "not_found", "There is no such thing in the store.";
        /// The photo is not on this phone any more.
        NoPhoto: "no_photo", "The photo is not on this device any more.";
        /// The capture is in a state in which this cannot be done.
        WrongState: "wrong_state", "This cannot be done with the capture now.";
        /// Analysis would have another photo, and the shop wants the shopper to be asked first.
        AskFirst: "ask_first", "The shopper is to be asked for another photo first.";
        /// The platform's key store failed.
        KeyStore: "key_store", "The key store failed.";
        /// Something was sealed with another key, or was altered.
        Sealing: "sealing", "Something cannot be unsealed with the key at hand.";
        /// The app gave no token that can be used.
        Token: "token", "There is no token.";
        /// The server's address or a certificate to trust cannot be used.
        InvalidServer: "invalid_server", "The server's address or certificate cannot be used.";
        /// The network or the server failed in a way that waiting may mend.
        Network: "network", "The server cannot be reached.";
        /// It was cancelled. Nothing is lost, the next call goes on.
        Cancelled: "cancelled", "It was cancelled.";
        /// An object of the app that Clearshot called failed: a log, for instance.
        Foreign: "foreign", "An object of the app failed.";
        /// A bug of Clearshot: a panic, caught.
        Panic: "panic", "A bug of Clearshot was met.";
        /// A failure that should not be possible.
        Internal: "internal", "Something went wrong inside.";
    }
}

words! {
    /// What the shopper can do about a failure.
    Advice {
        /// The same again may work.
        TryAgain: "try_again", "Try again in a moment.";
        /// The photo was not kept, or cannot be.
        TakeAgain: "take_again", "Take the photo again.";
        /// Another file is needed.
        ChooseAnother: "choose_another", "Choose another photo; this one cannot be used.";
        /// Analysis asks, the shopper decides.
        RetakeOrKeep: "retake_or_keep", "Take another photo, or keep this one if it shows what it should.";
        /// Room is needed on the phone.
        FreeSpace: "free_space", "Free some space on this device, then try again.";
        /// What waits must be sent first.
        SendWaiting: "send_waiting", "Send the waiting photos, then take the photo again.";
        /// The network is needed.
        CheckConnection: "check_connection", "Check the connection; the photos are safe and will be sent later.";
        /// The shop wants to know who it is.
        SignIn: "sign_in", "Sign in again; the photos are safe until then.";
        /// The key of this phone is locked away.
        UnlockDevice: "unlock_device", "Unlock this device, then try again.";
        /// The app must be started anew.
        RestartApp: "restart_app", "Close the app and open it again; the photos are safe.";
        /// The app is too old.
        UpdateApp: "update_app", "Update the app; the photos are safe until then.";
        /// The photo was sent and deleted here.
        LookAtReturn: "look_at_return", "Look at the photo on the return's page.";
        /// Only the app's makers can mend it.
        TellShop: "tell_shop", "Something in the app is wrong; please tell the shop.";
        /// There is nothing to do.
        Nothing: "nothing", "There is nothing to do.";
    }
}

impl ErrorCode {
    /// What the shopper can usually do about a failure of this kind.
    pub(crate) fn advice(self) -> Advice {
        match self {
            Self::InvalidFrame
            | Self::InvalidArgument
            | Self::InvalidConfig
            | Self::InvalidServer
            | Self::Closed
            | Self::Foreign => Advice::TellShop,
            Self::UnsupportedPhoto => Advice::ChooseAnother,
            Self::DamagedPhoto => Advice::TakeAgain,
            Self::InvalidModel | Self::ModelNotNewer | Self::Cancelled => Advice::Nothing,
            Self::AppTooOld => Advice::UpdateApp,
            Self::Paused | Self::InUse | Self::NotFound | Self::WrongState => Advice::TryAgain,
            Self::DiskFull => Advice::FreeSpace,
            Self::Quota => Advice::SendWaiting,
            Self::Storage | Self::Damaged | Self::Sealing | Self::Panic | Self::Internal => {
                Advice::RestartApp
            }
            Self::NoPhoto => Advice::LookAtReturn,
            Self::AskFirst => Advice::RetakeOrKeep,
            Self::KeyStore => Advice::UnlockDevice,
            Self::Token => Advice::SignIn,
            Self::Network => Advice::CheckConnection,
        }
    }
}
