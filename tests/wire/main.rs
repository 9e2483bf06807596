//! What goes over the wire, and what is made of the answers: quirks that AWS has and an emulator has not.
//! Nothing here listens on a port; a transport answers from a script.

mod replay;
mod security_group;
