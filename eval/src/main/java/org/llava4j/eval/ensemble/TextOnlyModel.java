package org.llava4j.eval.ensemble;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.llm.ChatMessage;
import org.llava4j.data.llm.ChatParameters;
import org.llava4j.data.llm.LlmAnswer;
import org.llava4j.data.llm.LlmRequest;
import org.llava4j.data.llm.RequestJournal;
import org.llava4j.data.scienceqa.AnswerParser;
import org.llava4j.data.scienceqa.ParsedAnswer;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;

/** Text-only model behind an LLM endpoint: builds its requests and reads its answers from the request journal. */
final class TextOnlyModel {
    private final LlmRequest.PromptPrefix answerPrefix;
    private final LlmRequest.PromptPrefix judgePrefix;
    private final ChatParameters settings;

    /**
     * Creates the model from its two system prompts.
     *
     * @param answer system prompt of the first round
     * @param judge system prompt for a problem with two answers
     */
    TextOnlyModel(String answer, String judge, ChatParameters settings) {
        answerPrefix = new LlmRequest.PromptPrefix(List.of(ChatMessage.system(answer)));
        judgePrefix = new LlmRequest.PromptPrefix(List.of(ChatMessage.system(judge)));
        this.settings = settings;
    }

    LlmRequest answerRequest(ScienceQaProblem problem) {
        return new LlmRequest("answer/" + problem.id(), answerPrefix, question(problem), settings);
    }

    /** Request to judge the same problem, given both answers. */
    LlmRequest judgeRequest(ScienceQaProblem problem, String llava, String textOnly) {
        String text =
                question(problem) + "\n\nFirst solver: " + llava.strip() + "\n\nSecond solver: " + textOnly.strip();
        return new LlmRequest("judge/" + problem.id(), judgePrefix, text, settings);
    }

    private static String question(ScienceQaProblem problem) {
        return ScienceQaPrompt.A.question(problem.withoutImage());
    }

    /** Text of a complete answer; null if the request was rejected or unanswered, or if its answer was truncated. */
    static @Nullable String completeAnswer(RequestJournal journal, LlmRequest request) {
        LlmAnswer answer = journal.answer(request.key());
        return answer == null || !answer.complete() ? null : answer.text();
    }

    /** Whether the answer to a request was truncated by the token limit, a content filter or the endpoint. */
    static boolean isTruncated(RequestJournal journal, LlmRequest request) {
        LlmAnswer answer = journal.answer(request.key());
        return answer != null && !answer.complete();
    }

    static ParsedAnswer parse(@Nullable String answer, ScienceQaProblem problem) {
        return answer == null
                ? new Unparsed(ParsedAnswer.Reason.NO_TEXT)
                : AnswerParser.parse(answer, problem.choices().size());
    }

    /** The preferred answer if it was parsed, else the fallback. */
    static ParsedAnswer firstParsed(ParsedAnswer preferred, ParsedAnswer fallback) {
        return preferred instanceof Predicted ? preferred : fallback;
    }
}
