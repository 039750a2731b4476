import { FakeEtcdStage } from "../support/store_stage.ts";
import { storeSuite } from "./store_suite.ts";

storeSuite("EtcdStore, three daemons", () => new FakeEtcdStage());
storeSuite("EtcdStore, one daemon", () => new FakeEtcdStage({ daemons: 1 }));
