//! A sweeper that is slow, and a creation that is tried again meanwhile.

use crate::accounts::{Credentials, NewAccount};
use crate::bucket::Settings;
use crate::key::ObjectKey;
use crate::random::SeededRandom;
use crate::store::faulty::{Kill, Moment};
use crate::store::operation::Operation;
use crate::sweep::world::World;
use crate::sweep::{Mode, Run, Swept};

#[tokio::test(start_paused = true)]
async fn a_credential_that_becomes_good_while_the_sweeper_takes_its_pointer_stays_good() {
    for forgets in [false, true] {
        let world = World::new().await;
        let issued = Credentials::generate("carol@example.org".parse().unwrap(), &SeededRandom::new(99));
        let new = || NewAccount {
            email: "carol@example.org".parse().unwrap(),
            name: "Carol".parse().unwrap(),
            password: None,
            issued: Some(issued.clone()),
        };
        let (faulty, dying) = world.mortal_process(6).await;
        // The claim and both pointers are written, the record is not.
        faulty.kill_at(Kill { at: faulty.writes() + 3, moment: Moment::After, only_writes: true });
        dying.create_account(new()).await.unwrap_err();
        world.test.clock.advance(Settings::default().late_writes);
        let (obstructed, sweeper) = world.obstructed_process(7).await;
        if forgets {
            obstructed.forget_conditions();
        }
        let token = ObjectKey::credential(issued.api_token.expose());
        obstructed.hold(Operation::Delete, token.as_str());
        let run = Run::new(Mode::Remove);
        let mut sweep = Box::pin(sweeper.sweep_pointer(&run, token));
        while !obstructed.is_holding() {
            assert!(futures::poll!(sweep.as_mut()).is_pending());
        }
        world.process(8).await.create_account(new()).await.unwrap();
        obstructed.let_go();
        sweep.as_mut().await.unwrap();
        drop(sweep);
        assert_eq!(run.end(), Swept::default());
        world.check(Some(issued.clone())).await;
    }
}
