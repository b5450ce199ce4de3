package org.llava4j.data.llm;

import java.util.Iterator;
import org.apache.commons.cli.CommandLine;
import org.llava4j.data.Html;
import org.llava4j.data.cli.Command;

/**
 * Number of calls and about how many tokens they take, for one line before anything is asked.
 *
 * @param requests how many
 * @param tokensIn about as many as all prompts have
 * @param tokensOut at most as many as all answers have
 */
record RequestEstimate(long requests, long tokensIn, long tokensOut) {
    private static final double PER_MILLION = 1e6;

    static RequestEstimate of(Iterator<LlmRequest> each) {
        long calls = 0;
        long in = 0;
        long out = 0;
        for (; each.hasNext(); calls++) {
            LlmRequest call = each.next();
            in += call.expectedPromptTokens();
            out += call.settings().maxTokens();
        }
        return new RequestEstimate(calls, in, out);
    }

    /** @param line flags with the prices of a million tokens, where they are known */
    String text(CommandLine line) {
        String cost = line.hasOption("price-in") || line.hasOption("price-out")
                ? Html.format(
                        ", %.2f at most at the given prices",
                        (tokensIn * Command.decimal(line, "price-in", 0)
                                        + tokensOut * Command.decimal(line, "price-out", 0))
                                / PER_MILLION)
                : "";
        return Html.format(
                "%,d calls: about %,d tokens asked, at most %,d answered%s", requests, tokensIn, tokensOut, cost);
    }
}
