/** What a model folder is, told from its config and the names and shapes in its files; no weight is read. */
package org.llava4j.eval.inspect;
