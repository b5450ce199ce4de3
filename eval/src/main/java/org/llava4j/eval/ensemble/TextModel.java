package org.llava4j.eval.ensemble;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.llava4j.data.endpoint.CallJournal;
import org.llava4j.data.endpoint.CallSettings;
import org.llava4j.data.endpoint.ChatAnswer;
import org.llava4j.data.endpoint.ChatCall;
import org.llava4j.data.endpoint.ChatMessage;
import org.llava4j.data.scienceqa.AnswerExtraction;
import org.llava4j.data.scienceqa.Extraction;
import org.llava4j.data.scienceqa.Extraction.Answered;
import org.llava4j.data.scienceqa.Extraction.Failed;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;

/** What a model without eyes is asked, and what a journal says that it answered. */
final class TextModel {
    private final ChatCall.Lead answering;
    private final ChatCall.Lead judging;
    private final CallSettings settings;

    /**
     * @param answer what it is told before a problem
     * @param judge what it is told before a problem with two answers
     */
    TextModel(String answer, String judge, CallSettings settings) {
        answering = new ChatCall.Lead(List.of(ChatMessage.system(answer)));
        judging = new ChatCall.Lead(List.of(ChatMessage.system(judge)));
        this.settings = settings;
    }

    ChatCall answer(ScienceQaProblem problem) {
        return new ChatCall("answer/" + problem.id(), answering, question(problem), settings);
    }

    /** The same problem again, with what both said. */
    ChatCall judge(ScienceQaProblem problem, String ours, String theirs) {
        String text = question(problem) + "\n\nFirst solver: " + ours.strip() + "\n\nSecond solver: " + theirs.strip();
        return new ChatCall("judge/" + problem.id(), judging, text, settings);
    }

    private static String question(ScienceQaProblem problem) {
        return ScienceQaPrompt.A.question(problem.withoutImage());
    }

    /** The text of a whole answer; empty where the call was refused, never answered, or its answer was cut short. */
    static Optional<String> said(CallJournal journal, ChatCall call) {
        return journal.answer(call.key()).filter(ChatAnswer::whole).map(ChatAnswer::text);
    }

    /** Whether a call has an answer that the token limit, a content filter or the endpoint cut short. */
    static boolean wasCut(CallJournal journal, ChatCall call) {
        return journal.answer(call.key()).filter(answer -> !answer.whole()).isPresent();
    }

    static Extraction read(Optional<String> said, ScienceQaProblem problem) {
        return said.map(text -> AnswerExtraction.extract(text, problem.choices().size()))
                .orElseGet(() -> new Failed(Extraction.Reason.NO_TEXT));
    }

    /** One's answer where it could be read, else the other's. */
    static Extraction first(Extraction one, Extraction other) {
        return one instanceof Answered ? one : other;
    }

    /** The predictions' texts by problem, for those that are there. */
    static Optional<String> of(Map<String, String> texts, ScienceQaProblem problem) {
        return Optional.ofNullable(texts.get(problem.id()));
    }
}
