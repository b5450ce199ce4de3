/**
 * The format of {@code torch.save}: a zip of a pickle, which says what tensors there are, and of plain entries with
 * their elements. A pickle is a program, and one that Python would run; here a small machine of our own runs it, which
 * knows only what weights need and calls nothing. Whatever else a pickle asks for is refused by its name.
 */
package org.llava4j.data.tensors.torch;
