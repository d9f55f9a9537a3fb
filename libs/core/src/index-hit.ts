import { idText } from './packed-entry.js';
import { type Scope } from './scope.js';
import { type Hit } from './verdict.js';

/** A hit by a row of a table. Its id is spelt when somebody asks: that takes longer than finding the row did. */
export class RowHit implements Hit {
  constructor(
    readonly scope: Scope,
    readonly byAuthTime: boolean,
    private readonly a: number,
    private readonly b: number,
    private readonly c: number,
    private readonly d: number,
  ) {}

  get revocationId(): string {
    return idText(this.a, this.b, this.c, this.d);
  }

  toJSON(): Hit {
    return { scope: this.scope, revocationId: this.revocationId, byAuthTime: this.byAuthTime };
  }
}
