import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Feed } from '@revocast/core';
import { eventually } from '@revocast/testing';
import { Deployment } from '../../apps/revocation-service/test/support/settings.js';
import { AppProcess } from './app-process.js';
import { type Broker, type Line } from './brokers.js';
import { Checker, type WatchedNode } from './checker.js';
import { FollowerNode } from './follower-node.js';
import { RoundHistory } from './history.js';
import { MirrorKeeper } from './mirror-keeper.js';
import { type Mutant } from './mutants.js';
import { ProcessNode } from './process-node.js';
import { revokeByHttp, type Revoke, Writer } from './writer.js';

export interface StageOptions {
  readonly broker: Broker;
  readonly boundMs: number;
  /** A node that is broken on purpose stands beside the others. */
  readonly mutant?: Mutant | undefined;
  /** Breaks the service on purpose, as its operators see it. */
  readonly revoke?: Revoke | undefined;
  /** Nodes in this process, and as processes of their own. */
  readonly followers?: number;
  readonly processes?: number;
}

/** That it begins at all: a busy machine may take its time. */
const READY_MS_MAX = 180_000;
const MUTANT = 'mutant-';
/** Enough to have something to lose. */
const WARM_REVOCATIONS = 20;

/** A service, its broker and its nodes, with somebody who revokes and somebody who asks. */
export class Stage {
  readonly history: RoundHistory;
  readonly followers: FollowerNode[] = [];
  readonly processes: ProcessNode[] = [];
  readonly service: AppProcess;
  writer!: Writer;
  checker!: Checker;
  #newcomers = 0;
  readonly #others: { close(): Promise<void> }[] = [];

  private constructor(
    readonly options: StageOptions,
    readonly broker: Broker,
    readonly deployment: Deployment,
    readonly environment: Readonly<Record<string, string>>,
    readonly serviceLine: Line,
  ) {
    this.history = new RoundHistory(options.boundMs);
    this.service = new AppProcess('revocation-service', environment);
  }

  static async open(options: StageOptions): Promise<Stage> {
    const { broker, boundMs } = options;
    const deployment = new Deployment();
    const serviceLine = await broker.serviceLine();
    const environment = await deployment.environment(serviceLine.servers.join(','), {
      REVOCAST_STALENESS_MS_MAX: String(boundMs),
      REVOCAST_REPLICAS: String(broker.replicas),
    });
    const stage = new Stage(options, broker, deployment, environment, serviceLine);
    try {
      await stage.#begin();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get boundMs(): number {
    return this.options.boundMs;
  }

  /** The first node: the one that faults of a single node hit. */
  get first(): FollowerNode {
    const [first] = this.followers;
    if (first === undefined) throw new Error('this stage has no follower');
    return first;
  }

  /** Those that the faults of a single node hit. */
  get victims(): readonly FollowerNode[] {
    return this.followers.filter((node) => node === this.first || node.name.startsWith(MUTANT));
  }

  get firstProcess(): ProcessNode {
    const [first] = this.processes;
    if (first === undefined) throw new Error('this stage has no process');
    return first;
  }

  /** How long a fault lasts: that is what a fault is, and nothing waits for it to be over. */
  async last(ms: number): Promise<void> {
    await pause(ms);
  }

  /** One more node that knows nothing yet. `servers` in place of a line of its own: a node that stands by one server. */
  async addFollower(name: string, servers?: readonly string[], alter?: (feed: Feed) => Feed): Promise<FollowerNode> {
    const { deployment, boundMs, broker } = this;
    const line = servers === undefined ? await broker.nodeLine() : { servers, proxies: [] };
    const hubDomain = broker.leaf === undefined ? undefined : 'hub';
    const node = await FollowerNode.start({ name, deployment, servers: line.servers, boundMs, hubDomain, alter });
    this.followers.push(node.through(line.proxies));
    this.checker.watch(node);
    return node;
  }

  /** Its name says what it is, so that whatever it does wrong can be told from what the others do. */
  async addMutant({ name, alter }: Mutant, servers?: readonly string[]): Promise<FollowerNode> {
    return this.addFollower(`${MUTANT}${name}`, servers, alter);
  }

  async addNewcomer(): Promise<FollowerNode> {
    this.#newcomers += 1;
    return this.addFollower(`newcomer-${this.#newcomers}`);
  }

  addProcess(name: string): ProcessNode {
    const { leaf, servers } = this.broker;
    const urls = leaf === undefined ? servers.map(({ url }) => url) : [leaf.url];
    const node = new ProcessNode(name, {
      ...this.environment,
      NATS_URL: urls.join(','),
      REVOCAST_RECORD_KEYS: JSON.stringify(this.deployment.recordKeys()),
      REVOCAST_MODE: 'strict',
      ...(leaf === undefined ? {} : { REVOCAST_HUB_DOMAIN: 'hub' }),
    });
    this.processes.push(node);
    this.checker.watch(node);
    return node;
  }

  /** Closed with the stage. */
  keep<Resource extends { close(): Promise<void> }>(resource: Resource): Resource {
    this.#others.push(resource);
    return resource;
  }

  /** All nodes accept the token that nobody revoked. */
  async allCurrent(withinMs = READY_MS_MAX): Promise<void> {
    await eventually(
      async () => {
        const answers = await Promise.all(this.checker.nodes.map(async (node) => this.#wantCurrent(node)));
        const missing = answers.filter((answer) => answer !== undefined);
        if (missing.length > 0) throw new Error(`${missing.join('; ')}; service: ${this.service.lastWords}`);
      },
      { withinMs },
    );
  }

  async close(): Promise<void> {
    (this.checker as Checker | undefined)?.stop();
    await this.service.signal('SIGCONT');
    await this.service.signal('SIGKILL');
    await Promise.all([...this.followers, ...this.processes, ...this.#others].map((one) => one.close()));
    await Promise.all(this.serviceLine.proxies.map((proxy) => proxy.close()));
    await this.broker.dispose();
    await rm(this.deployment.dataDirectory, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    this.service.start();
    const { followers = 3, processes = 1, mutant, revoke = revokeByHttp } = this.options;
    const [service, history] = [this.service, this.history];
    if (this.broker.leaf !== undefined) this.keep(new MirrorKeeper(this.broker.servers, this.broker.leaf));
    this.writer = await Writer.start({
      ...{ deployment: this.deployment, history, serviceUrl: () => service.url },
      ...{ waitSeconds: Math.ceil(this.boundMs / 1_000) + 3, revoke },
    });
    this.checker = new Checker(history, await this.writer.token('nobody-revokes-me'));
    for (let n = 1; n <= processes; n++) this.addProcess(`process-${n}`);
    for (let n = 1; n <= followers; n++) await this.addFollower(`node-${n}`);
    if (mutant !== undefined) await this.addMutant(mutant);
    await this.allCurrent();
    await eventually(
      () => {
        if (history.acknowledged.length < WARM_REVOCATIONS) throw new Error(`nothing is revoked: ${service.lastWords}`);
      },
      { withinMs: READY_MS_MAX },
    );
  }

  async #wantCurrent(node: WatchedNode): Promise<string | undefined> {
    const kind = await this.checker.standing(node);
    if (kind === 'active') return undefined;
    if (node.kind === 'process') return `${node.name} ${kind}: ${node.process.lastWords}`;
    const { state, because, watermark, head } = node.status();
    return `${node.name} ${kind}: ${state} ${because ?? ''} at ${watermark} of ${head ?? 'unknown'}`;
  }
}
