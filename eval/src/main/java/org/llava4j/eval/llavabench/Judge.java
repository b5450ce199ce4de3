package org.llava4j.eval.llavabench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.llavabench.BenchContext;
import org.llava4j.data.llavabench.BenchQuestion;
import org.llava4j.data.llm.ChatMessage;
import org.llava4j.data.llm.ChatParameters;
import org.llava4j.data.llm.LlmRequest;

/**
 * Prompts of the judge: context, question, reference answer and candidate answer. With {@code swap}, a second request
 * shows the two answers in the opposite order, against position bias.
 *
 * @param systemPrompt instructions of the judge
 * @param swap whether each pair is judged in both orders
 */
record Judge(String systemPrompt, ChatParameters settings, BenchInputs inputs, boolean swap) {

    /**
     * A request to the judge.
     *
     * @param swapped whether the candidate's answer comes first
     */
    record ReviewRequest(BenchQuestion question, boolean swapped, LlmRequest request) {}

    List<ReviewRequest> requests() {
        LlmRequest.PromptPrefix prefix = new LlmRequest.PromptPrefix(List.of(ChatMessage.system(systemPrompt)));
        List<ReviewRequest> requests = new ArrayList<>();
        for (BenchQuestion question : inputs.questions()) {
            for (boolean swapped : swap ? new boolean[] {false, true} : new boolean[] {false}) {
                String label = "review/" + question.id() + (swapped ? "/swapped" : "");
                requests.add(new ReviewRequest(
                        question, swapped, new LlmRequest(label, prefix, text(question, swapped), settings)));
            }
        }
        return requests;
    }

    private String text(BenchQuestion question, boolean swapped) {
        String reference = inputs.reference(question);
        String answer = inputs.answer(question);
        return "Context:\n" + context(inputs.context(question)) + "\n\nQuestion:\n" + question.text()
                + "\n\nAssistant 1:\n" + (swapped ? answer : reference).strip() + "\n\nAssistant 2:\n"
                + (swapped ? reference : answer).strip();
    }

    private static String context(BenchContext context) {
        StringBuilder text = new StringBuilder(String.join("\n", context.captions()));
        for (BoundingBox box : context.boxes()) {
            text.append(String.format(
                    Locale.ROOT,
                    "\n%s: [%.3f, %.3f, %.3f, %.3f]",
                    box.category(),
                    box.x1(),
                    box.y1(),
                    box.x2(),
                    box.y2()));
        }
        return text.toString();
    }
}
