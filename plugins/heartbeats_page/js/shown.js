// Whose figures, limits and pauses stand on the page: no act is about anybody else.

let shown = null;

export const shownCustomer = () => shown;

export function showCustomer(id) {
  shown = id;
}

// What an act has led to is told by name where meanwhile somebody else stands there.
export const whose = (id) => (id === shown ? "" : `Customer ${id}: `);
