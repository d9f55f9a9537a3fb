// Objects against the schemas of the Kubernetes API, offline: the package kubernetes-models holds them as compiled
// validators. They let a member through that no schema knows, so a misspelt `livenesProbe` would pass and protect
// nothing. Hence each validator runs over a watched copy: a member that it never looked at is one that it does not know.
import { isMap } from './values.mjs';

/** Members of a map that any schema allows, which validators still read; and what they do not descend into. */
function watched(value, path, seen) {
  if (typeof value !== 'object' || value === null) return value;
  const looked = new Set();
  const children = new Map();
  seen.push({ path, value, looked });
  return new Proxy(value, {
    get(target, name) {
      if (typeof name !== 'string' || !Object.hasOwn(target, name)) return target[name];
      looked.add(name);
      if (!children.has(name)) children.set(name, watched(target[name], `${path}/${name}`, seen));
      return children.get(name);
    },
  });
}

async function modelOf({ apiVersion, kind }) {
  try {
    const models = await import(`kubernetes-models/${apiVersion}`);
    return (models.default ?? models)[kind] ?? models[kind];
  } catch {
    return undefined;
  }
}

function invalid(model, object) {
  try {
    model.prototype.validate.call(object);
    return [];
  } catch (error) {
    return error.errors?.map(({ instancePath, message }) => `${instancePath || '/'} ${message}`) ?? [error.message];
  }
}

/** @returns {Promise<string[]>} */
export async function schemaProblems(object) {
  if (!isMap(object) || typeof object.apiVersion !== 'string' || typeof object.kind !== 'string')
    return ['is no object with apiVersion and kind'];
  const model = await modelOf(object);
  if (model === undefined) return [`${object.apiVersion} ${object.kind} is no kind of Kubernetes that can be checked`];
  const seen = [];
  const wrong = invalid(model, watched(object, '', seen));
  const unknown = seen.flatMap(({ path, value, looked }) =>
    Object.keys(value)
      .filter((name) => !looked.has(name))
      .map((name) => `${path}/${name} is unknown`),
  );
  return [...new Set([...wrong, ...unknown])];
}
