import { mayTouch, type Operator } from '../auth/operator.js';
import { type IdentityProvider, type Person, ProviderError } from './identity-provider.js';
import { type SessionEnder } from './session-ender.js';

export interface FoundPerson extends Person {
  readonly issuer: string;
  readonly provider: string;
  /** How many logins live there; null where the provider does not tell. */
  readonly sessions: number | null;
}

export interface PersonsFound {
  readonly persons: readonly FoundPerson[];
  /** Providers that did not answer. A person who is only there is missing above, so they are named. */
  readonly unanswered: readonly { readonly issuer: string; readonly provider: string; readonly because: string }[];
}

/** Sessions are asked for one by one: of more people than this nobody reads them. */
const SESSIONS_SHOWN_FOR_MAX = 5;

/** Asks all identity providers who is meant. Nothing of it is kept or logged. */
export class PersonSearch {
  constructor(private readonly ender: Pick<SessionEnder, 'providers'>) {}

  /** People at the issuers that the operator may act on. Never rejects because of a provider. */
  async find(query: string, operator: Operator): Promise<PersonsFound> {
    const providers = this.ender.providers.filter(({ issuer }) => mayTouch(operator, { issuer, scope: 'subject' }));
    const answers = await Promise.all(providers.map((provider) => searchAt(provider, query)));
    return {
      persons: answers.flatMap((answer) => (Array.isArray(answer) ? (answer as readonly FoundPerson[]) : [])),
      unanswered: answers.flatMap((answer, at) => {
        const provider = providers[at];
        if (typeof answer !== 'string' || provider === undefined) return [];
        return [{ issuer: provider.issuer, provider: provider.kind, because: answer }];
      }),
    };
  }
}

/** The people there, or why nobody knows. */
const searchAt = async (provider: IdentityProvider, query: string): Promise<readonly FoundPerson[] | string> => {
  try {
    const persons = await provider.resolve(query);
    const isShown = persons.length <= SESSIONS_SHOWN_FOR_MAX;
    return await Promise.all(
      persons.map(async (person) => ({
        ...{ issuer: provider.issuer, provider: provider.kind, ...person },
        sessions: isShown ? await sessionsOf(provider, person.subject) : null,
      })),
    );
  } catch (error) {
    if (error instanceof ProviderError) return error.failure;
    throw error;
  }
};

/** Who is found is worth more than how many logins there are: that alone may fail. */
const sessionsOf = async (provider: IdentityProvider, subject: string): Promise<number | null> => {
  try {
    return (await provider.sessions(subject))?.length ?? null;
  } catch (error) {
    if (error instanceof ProviderError) return null;
    throw error;
  }
};
