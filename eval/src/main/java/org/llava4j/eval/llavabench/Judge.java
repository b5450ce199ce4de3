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
 * What the judge is asked: context, question, the reference and the candidate, the reference first, and once more the
 * other way round where positions are swapped.
 *
 * @param systemPrompt what it is told before the two answers
 * @param swap whether each pair is shown in both orders
 */
record Judge(String systemPrompt, ChatParameters settings, BenchInputs inputs, boolean swap) {

    /** One call, and how to read it. */
    record ReviewRequest(BenchQuestion question, boolean swapped, LlmRequest request) {}

    List<ReviewRequest> requests() {
        LlmRequest.PromptPrefix lead = new LlmRequest.PromptPrefix(List.of(ChatMessage.system(systemPrompt)));
        List<ReviewRequest> pairs = new ArrayList<>();
        for (BenchQuestion question : inputs.questions()) {
            for (boolean swapped : swap ? new boolean[] {false, true} : new boolean[] {false}) {
                String label = "review/" + question.id() + (swapped ? "/swapped" : "");
                pairs.add(new ReviewRequest(
                        question, swapped, new LlmRequest(label, lead, text(question, swapped), settings)));
            }
        }
        return pairs;
    }

    private String text(BenchQuestion question, boolean swapped) {
        String reference = inputs.references().get(question.id().text());
        String answer = inputs.answers().get(question.id().text());
        return "Context:\n" + context(inputs.contexts().get(question.image())) + "\n\nQuestion:\n" + question.text()
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
