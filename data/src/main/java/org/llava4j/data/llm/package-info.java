/**
 * Many questions to an endpoint that speaks OpenAI's chat protocol: at once but within limits and a budget, again where
 * an answer was lost, and each one written down before it is asked and after. {@link org.llava4j.data.llm.RequestRunner}
 * runs them; {@link org.llava4j.data.llm.RequestJournal} is what they leave, and enough to have every answer again
 * without a network.
 */
package org.llava4j.data.llm;
