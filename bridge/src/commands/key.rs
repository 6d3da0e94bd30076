//! `folderbridge key`.

use mapping::random::SystemRandom;
use mapping::seal::MasterKeys;

use crate::config::KeyCommand;

pub(super) fn run(command: &KeyCommand) {
    match command {
        KeyCommand::New => println!("{}", MasterKeys::generate(&SystemRandom).expose()),
    }
}
