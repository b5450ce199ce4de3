/**
 * PyTorch checkpoint format of {@code torch.save}: a zip with a pickle that describes the tensors, and uncompressed
 * entries with their elements. A pickle is a program that Python would execute; here a restricted interpreter accepts
 * only what weights need and calls no code. Everything else in a pickle is rejected by name.
 */
package org.llava4j.model.tensors.torch;
