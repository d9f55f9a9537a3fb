import { describe, expect, it } from '@jest/globals';
import {
  type LiveTokensAnswer,
  type LiveTokensCount,
  type LiveTokensQuestion,
  type NodeView,
  sequence,
  epochMs,
} from '@revocast/core';
import { aRevocation, ManualTime } from '@revocast/testing';
import { ANSWERS_MS_MAX, LiveTokenSurvey } from './live-token-survey.js';

type Parts = Partial<NodeView> & Pick<NodeView, 'service' | 'node'>;
const aNode = (parts: Parts): NodeView => ({
  ...{
    instance: `i-${parts.node}`,
    version: '1',
    epoch: 'e1',
    watermark: sequence(1),
    identity: 'x',
    state: 'current',
  },
  ...{
    followerState: 'current',
    lag: 0,
    mode: 'strict',
    stalenessMsMax: 1,
    stalenessMs: 1,
    issuers: [],
    liveEntries: 0,
  },
  ...{ guarded: true, firstHeardAt: epochMs(0), lastHeardAt: epochMs(0), silentMs: 0, answersQuestions: true as const },
  ...parts,
});

type Told = LiveTokensCount | 'off' | 'nothing' | 'twice';
const counted = (...marks: string[]): LiveTokensCount => ({
  ...{ tokens: marks.length, machines: 0, atLeast: false, marks: marks.map((mark) => mark.padStart(12, '0')) },
});

/** A fleet in which each node answers as told. */
function aSurvey(fleet: readonly (readonly [NodeView, Told])[]) {
  const time = new ManualTime();
  const asked: LiveTokensQuestion[] = [];
  let hear: (answer: LiveTokensAnswer) => void = () => undefined;
  const answer = (question: string, { service, instance }: NodeView, told: Told): void => {
    if (told === 'nothing') return;
    const count = told === 'off' ? undefined : told === 'twice' ? counted('1') : told;
    for (const _ of told === 'twice' ? [1, 2] : [1]) hear({ question, service, instance, count });
  };
  const publisher = {
    onAnswer: (listener: typeof hear) => {
      hear = listener;
      return () => undefined;
    },
    ask: (question: LiveTokensQuestion) => {
      asked.push(question);
      for (const [node, told] of fleet) answer(question.id, node, told);
    },
  };
  const nodes = (): readonly NodeView[] => fleet.map(([node]) => node);
  const survey = new LiveTokenSurvey({ publisher, nodes, clock: time, schedule: time.schedule });
  return { time, asked, survey, hear: (late: LiveTokensAnswer) => hear(late) };
}

const of = async (fleet: readonly (readonly [NodeView, Told])[]) => {
  const { time, survey } = aSurvey(fleet);
  const result = survey.of([aRevocation()]);
  await time.advance(ANSWERS_MS_MAX);
  return result;
};

const [a, b, c] = [
  aNode({ service: 'payments', node: 'a' }),
  aNode({ service: 'payments', node: 'b' }),
  aNode({ service: 'orders', node: 'c' }),
];

describe('A preview by live traffic', () => {
  it('counts a token once, however many nodes saw it', async () => {
    const found = await of([
      [a, counted('1', '2')],
      [b, counted('2')],
      [c, counted('2', '3')],
    ]);
    expect(found).toMatchObject({ tokens: { atLeast: 3, atMost: 3 }, notAnswered: [], cacheOff: [] });
    expect(found?.note).toBe('3 live tokens in the last 10 minutes, on orders and payments.');
    expect(found?.services).toEqual([
      { service: 'orders', nodes: 1, counted: 1, atLeast: 2, atMost: 2 },
      { service: 'payments', nodes: 2, counted: 2, atLeast: 2, atMost: 2 },
    ]);
  });

  it('counts a token of a machine once, too', async () => {
    const machine = { ...counted('1', '2'), machines: 1 };
    const found = await of([
      [a, machine],
      [b, machine],
    ]);
    expect(found).toMatchObject({ tokens: { atLeast: 2, atMost: 2 }, machines: { atLeast: 1, atMost: 1 } });
  });

  it('names machine clients, and what a condition lets off, as far as nodes tell', async () => {
    const named = (clientId: string, tokens: number) => ({ clientId, tokens });
    const told = { ...counted('1', '2', '3'), machines: 3, moreMachineClients: 0 };
    const mark = (...names: string[]) => ({ tokens: names.length, marks: names.map((name) => name.padStart(12, '0')) });
    const condition = { exceptClients: ['batch', 'cron'] };
    const { survey } = aSurvey([
      [
        a,
        {
          ...told,
          machineClients: [{ clientId: 'x', ...mark('1', '2') }, named('y', 1)],
          excepted: [mark('7', '8'), mark()],
        },
      ],
      [
        b,
        {
          ...told,
          machineClients: [{ clientId: 'x', ...mark('2') }],
          moreMachineClients: 3,
          excepted: [mark('8', '9'), mark()],
        },
      ],
    ]);
    const found = await survey.of([aRevocation({ key: { scope: 'issuer' }, condition })]);
    expect(found).toMatchObject({
      machineClients: [
        { clientId: 'x', tokens: { atLeast: 2, atMost: null } },
        { clientId: 'y', tokens: { atLeast: 1, atMost: null } },
      ],
      moreMachineClients: 2,
      excepted: [
        { clientId: 'batch', tokens: { atLeast: 3, atMost: 3 } },
        { clientId: 'cron', tokens: { atLeast: 0, atMost: 0 } },
      ],
    });
    const replicas = await of(
      [a, b].map((node) => [node, { ...told, machineClients: [{ clientId: 'x', ...mark('1') }] }]),
    );
    expect(replicas).toMatchObject({ machineClients: [{ clientId: 'x', tokens: { atLeast: 1, atMost: 1 } }] });
    const older = await of([[a, counted('1')]]);
    expect(older).toMatchObject({ machineClients: [], moreMachineClients: 0, excepted: [] });
  });

  it('gives a range where nodes tell numbers alone', async () => {
    const many = { tokens: 100, machines: 7, atLeast: false };
    const found = await of([
      [a, many],
      [b, { ...many, tokens: 80 }],
    ]);
    expect(found).toMatchObject({ tokens: { atLeast: 100, atMost: 180 }, machines: { atLeast: 7, atMost: 14 } });
    expect(found?.note).toBe('100 to 180 live tokens in the last 10 minutes, on payments.');
  });

  it('waits for no node that cannot answer, and says which did not', async () => {
    const old = aNode({ service: 'orders', node: 'old' });
    const fleet = [
      [a, counted('1')],
      [{ ...old, answersQuestions: undefined } as unknown as NodeView, 'nothing'],
      [aNode({ service: 'orders', node: 'dead', state: 'silent' }), 'nothing'],
      [aNode({ service: 'orders', node: 'left', state: 'gone' }), 'nothing'],
    ] as const;
    const { survey } = aSurvey(fleet);
    const found = await survey.of([aRevocation()]);
    expect(found?.notAnswered.map(({ node }) => node)).toEqual(['old', 'dead']);
    expect(found?.tokens).toEqual({ atLeast: 1, atMost: null });
    expect(found?.note).toBe('At least 1 live token in the last 10 minutes, on payments; 2 nodes did not answer.');
  });

  it('waits for a moment only, and counts nothing that comes later, twice or from elsewhere', async () => {
    const { time, asked, survey, hear } = aSurvey([
      [a, 'twice'],
      [b, 'nothing'],
    ]);
    const result = survey.of([aRevocation()]);
    hear({ question: asked[0]?.id ?? '', service: 'invented', instance: 'x', count: counted('7') });
    await time.advance(ANSWERS_MS_MAX);
    expect(await result).toMatchObject({ tokens: { atLeast: 1, atMost: null }, notAnswered: [{ node: 'b' }] });
    hear({ question: asked[0]?.id ?? '', service: b.service, instance: b.instance, count: counted('9') });
    expect(time.pending).toBe(0);
  });

  it('is not known where no node keeps verified tokens', async () => {
    const found = await of([
      [a, 'off'],
      [b, 'off'],
    ]);
    expect(found).toMatchObject({ tokens: null, machines: null, cacheOff: [{ node: 'a' }, { node: 'b' }] });
    expect(found?.note).toBe('Live tokens: not known; 2 nodes keep no verified tokens.');
    expect((await of([]))?.note).toBe('Live tokens: not known, no node is there.');
  });

  it('is refused while several run', async () => {
    const { time, survey } = aSurvey([[a, 'nothing']]);
    const all = Array.from({ length: 5 }, () => survey.of([aRevocation()]));
    await time.advance(ANSWERS_MS_MAX);
    expect((await Promise.all(all)).map((one) => one === undefined)).toEqual([false, false, false, false, true]);
  });
});
