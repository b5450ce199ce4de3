/** A model behind OpenAI's protocol, with a page to try it. */
package org.llava4j.eval.serve;
