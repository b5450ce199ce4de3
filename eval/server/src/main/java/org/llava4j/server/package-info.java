/** OpenAI-compatible HTTP server for a model, with a web page. */
package org.llava4j.server;
