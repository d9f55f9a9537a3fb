import { describe, expect, it } from '@jest/globals';
import {
  AN_ISSUER,
  aCurrentScene,
  anIssuer,
  type FollowerScene,
  openEpoch,
  revoke,
  untilCurrent,
  verdictOn,
} from '@revocast/testing';

const OTHER_ISSUER = 'https://other.example';

describe('A record of ours that cannot be read', () => {
  const placeUnreadable = ({ broker }: FollowerScene, issuer: string | undefined): void => {
    broker.place({ kind: 'unreadable', identity: 'unreadable-1', issuer, why: 'majorVersion' });
  };

  it('makes its issuer unknown and no other (D12, D17)', async () => {
    const scene = await aCurrentScene({ issuers: [anIssuer(), anIssuer({ issuer: OTHER_ISSUER })] });
    placeUnreadable(scene, OTHER_ISSUER);
    revoke(scene, 'jti-1', OTHER_ISSUER);
    await scene.time.advance(3_000);
    expect(verdictOn(scene, 'jti-1', OTHER_ISSUER).kind).toBe('revoked');
    const unknown = { kind: 'unknown', because: 'issuerUnreadable', everCurrent: true };
    expect(verdictOn(scene, 'jti-2', OTHER_ISSUER)).toEqual(unknown);
    expect(verdictOn(scene, 'jti-2')).toEqual({ kind: 'active', watermark: 3 });
    expect(scene.follower.status()).toMatchObject({ unreadableIssuers: [OTHER_ISSUER], counters: { unreadable: 1 } });
  });

  it('makes every issuer unknown when nobody knows whose it is', async () => {
    const scene = await aCurrentScene();
    placeUnreadable(scene, undefined);
    await scene.time.advance(3_000);
    expect(verdictOn(scene, 'jti-2')).toMatchObject({ because: 'issuerUnreadable' });
  });

  it('ends with a record that voids it', async () => {
    const scene = await aCurrentScene();
    placeUnreadable(scene, AN_ISSUER);
    await scene.time.advance(3_000);
    scene.broker.publish({ kind: 'voided', recordId: 'unreadable-1' });
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-2').kind).toBe('active');
  });

  it('ends with the next epoch, in which all that binds was published again', async () => {
    const scene = await aCurrentScene();
    placeUnreadable(scene, AN_ISSUER);
    await scene.time.advance(3_000);
    openEpoch(scene, 'epoch-2');
    await scene.time.until(() => scene.follower.status().epoch === 'epoch-2');
    await untilCurrent(scene);
    expect(verdictOn(scene, 'jti-2').kind).toBe('active');
  });
});

describe('Issuer settings that the log declares', () => {
  const declare = ({ broker }: FollowerScene, version: number, maxLifetimeSeconds: number): void => {
    broker.publish({ kind: 'settingsDeclared', version, settings: anIssuer({ maxLifetimeSeconds }) });
  };

  it('make the issuer unknown on a node whose own are weaker (D16)', async () => {
    const scene = await aCurrentScene();
    declare(scene, 1, 3_600);
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-1')).toMatchObject({ kind: 'unknown', because: 'issuerSettings' });
    declare(scene, 2, 86_400);
    await scene.time.advance(10);
    expect(verdictOn(scene, 'jti-1').kind).toBe('active');
    expect(scene.follower.status().declaredSettings).toEqual([anIssuer()]);
  });

  it('are compared with an issuer that the process accepts from now on', async () => {
    const scene = await aCurrentScene({ issuers: [] });
    declare(scene, 1, 3_600);
    await scene.time.advance(10);
    scene.follower.replaceIssuers([anIssuer()]);
    expect(verdictOn(scene, 'jti-1')).toMatchObject({ kind: 'unknown', because: 'issuerSettings' });
    scene.follower.replaceIssuers([anIssuer({ maxLifetimeSeconds: 3_600 })]);
    expect(verdictOn(scene, 'jti-1').kind).toBe('active');
  });
});
