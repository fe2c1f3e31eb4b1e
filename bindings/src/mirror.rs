//! How a facade enum is declared as the twin of a core one: the names, and both ways of turning one into the other.
//!
//! A variant that the core gains does not compile until its twin has it.

/// Declares an enum with the variants of a core enum, and `From` in both directions.
macro_rules! mirrored {
    ($(#[$doc:meta])+ $name:ident = $core:path { $($(#[$variant_doc:meta])+ $variant:ident,)+ }) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
        pub enum $name {
            $($(#[$variant_doc])+ $variant,)+
        }

        impl $name {
            /// Every one, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
        }

        impl From<$core> for $name {
            fn from(core: $core) -> Self {
                match core { $(<$core>::$variant => Self::$variant,)+ }
            }
        }

        impl From<$name> for $core {
            fn from(facade: $name) -> Self {
                match facade { $($name::$variant => Self::$variant,)+ }
            }
        }
    };
}

pub(crate) use mirrored;
