// What a PromQL expression names: metrics, and the labels and values that it selects or groups by.
import { parser } from '@prometheus-io/lezer-promql';

/** Empty for what is missing: the expression is broken then, and said to be. */
const textOf = (expression, node) => (node === null ? '' : expression.slice(node.from, node.to));

/** `state=~"a|b"` of a selector, as label, operator and the values it lists. */
function matcherOf(expression, node) {
  const [label, operator, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((name) =>
    textOf(expression, node.getChild(name)),
  );
  const text = value.slice(1, -1);
  return { label, operator, values: operator.includes('~') ? text.split('|') : [text] };
}

function selectorOf(expression, node) {
  const name = node.getChild('Identifier');
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
  return {
    metric: name === null ? undefined : textOf(expression, name),
    matchers: matchers.map((matcher) => matcherOf(expression, matcher)),
  };
}

/** @returns {{ selectors: { metric: string | undefined, matchers: { label: string, operator: string, values: string[] }[] }[], grouping: string[], broken: boolean }} */
export function readExpression(expression) {
  const selectors = [];
  const grouping = [];
  let broken = expression.trim() === '';
  parser.parse(expression).iterate({
    enter: ({ type, node }) => {
      if (type.isError) broken = true;
      else if (type.name === 'VectorSelector') selectors.push(selectorOf(expression, node));
      else if (type.name === 'GroupingLabels')
        grouping.push(...node.getChildren('LabelName').map((label) => textOf(expression, label)));
    },
  });
  return { selectors, grouping, broken };
}
