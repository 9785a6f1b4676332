/**
 * The names that expressions use as `#name`, each standing for itself: many short words are reserved in DynamoDB, and the
 * list grows.
 */
export const namesIn = (...expressions: readonly string[]): Record<string, string> => {
  const names: Record<string, string> = {};
  for (const expression of expressions)
    for (const [placeholder, name] of expression.matchAll(/#(\w+)/g)) if (name !== undefined) names[placeholder] = name;
  return names;
};

/** A condition of a write, with the names it uses. */
export const onlyIf = (condition: string) => ({
  ConditionExpression: condition,
  ExpressionAttributeNames: namesIn(condition),
});

/** An update and its condition, with the names both use. */
export const updating = (update: string, condition: string) => ({
  UpdateExpression: update,
  ConditionExpression: condition,
  ExpressionAttributeNames: namesIn(update, condition),
});
