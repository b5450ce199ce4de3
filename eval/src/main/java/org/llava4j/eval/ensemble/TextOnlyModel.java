package org.llava4j.eval.ensemble;

import java.util.List;
import java.util.Map;
import java.util.Optional;
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

/** What a model without eyes is asked, and what a journal says that it answered. */
final class TextOnlyModel {
    private final LlmRequest.PromptPrefix answerPrefix;
    private final LlmRequest.PromptPrefix judgePrefix;
    private final ChatParameters settings;

    /**
     * @param answer what it is told before a problem
     * @param judge what it is told before a problem with two answers
     */
    TextOnlyModel(String answer, String judge, ChatParameters settings) {
        answerPrefix = new LlmRequest.PromptPrefix(List.of(ChatMessage.system(answer)));
        judgePrefix = new LlmRequest.PromptPrefix(List.of(ChatMessage.system(judge)));
        this.settings = settings;
    }

    LlmRequest answerRequest(ScienceQaProblem problem) {
        return new LlmRequest("answer/" + problem.id(), answerPrefix, question(problem), settings);
    }

    /** The same problem again, with what both said. */
    LlmRequest judgeRequest(ScienceQaProblem problem, String ours, String theirs) {
        String text = question(problem) + "\n\nFirst solver: " + ours.strip() + "\n\nSecond solver: " + theirs.strip();
        return new LlmRequest("judge/" + problem.id(), judgePrefix, text, settings);
    }

    private static String question(ScienceQaProblem problem) {
        return ScienceQaPrompt.A.question(problem.withoutImage());
    }

    /** The text of a whole answer; empty where the call was refused, never answered, or its answer was cut short. */
    static Optional<String> completeAnswer(RequestJournal journal, LlmRequest call) {
        return journal.answer(call.key()).filter(LlmAnswer::complete).map(LlmAnswer::text);
    }

    /** Whether a call has an answer that the token limit, a content filter or the endpoint cut short. */
    static boolean isTruncated(RequestJournal journal, LlmRequest call) {
        return journal.answer(call.key()).filter(answer -> !answer.complete()).isPresent();
    }

    static ParsedAnswer parse(Optional<String> said, ScienceQaProblem problem) {
        return said.map(text -> AnswerParser.parse(text, problem.choices().size()))
                .orElseGet(() -> new Unparsed(ParsedAnswer.Reason.NO_TEXT));
    }

    /** One's answer where it could be read, else the other's. */
    static ParsedAnswer firstParsed(ParsedAnswer one, ParsedAnswer other) {
        return one instanceof Predicted ? one : other;
    }

    /** The predictions' texts by problem, for those that are there. */
    static Optional<String> prediction(Map<String, String> texts, ScienceQaProblem problem) {
        return Optional.ofNullable(texts.get(problem.id()));
    }
}
