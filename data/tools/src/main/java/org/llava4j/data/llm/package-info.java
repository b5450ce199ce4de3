/**
 * Client for LLM endpoints with OpenAI's chat API. {@link org.llava4j.data.llm.RequestRunner} sends many requests
 * concurrently, within rate limits and a token budget, and retries transient failures. {@link
 * org.llava4j.data.llm.RequestJournal} records each request before it is sent and each response, so that a run can be
 * resumed or replayed without a network.
 */
package org.llava4j.data.llm;
