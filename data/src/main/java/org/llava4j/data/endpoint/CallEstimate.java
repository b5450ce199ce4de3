package org.llava4j.data.endpoint;

import java.util.Iterator;
import org.apache.commons.cli.CommandLine;
import org.llava4j.data.Html;
import org.llava4j.data.cli.Command;

/**
 * Number of calls and about how many tokens they take, for one line before anything is asked.
 *
 * @param calls how many
 * @param tokensIn about as many as all prompts have
 * @param tokensOut at most as many as all answers have
 */
record CallEstimate(long calls, long tokensIn, long tokensOut) {
    private static final double PER_MILLION = 1e6;

    static CallEstimate of(Iterator<ChatCall> each) {
        long calls = 0;
        long in = 0;
        long out = 0;
        for (; each.hasNext(); calls++) {
            ChatCall call = each.next();
            in += call.expectedPromptTokens();
            out += call.settings().maxTokens();
        }
        return new CallEstimate(calls, in, out);
    }

    /** @param line flags with the prices of a million tokens, where they are known */
    String text(CommandLine line) {
        String cost = line.hasOption("price-in") || line.hasOption("price-out")
                ? Html.fill(
                        ", %.2f at most at the given prices",
                        (tokensIn * Command.real(line, "price-in", 0) + tokensOut * Command.real(line, "price-out", 0))
                                / PER_MILLION)
                : "";
        return Html.fill("%,d calls: about %,d tokens asked, at most %,d answered%s", calls, tokensIn, tokensOut, cost);
    }
}
