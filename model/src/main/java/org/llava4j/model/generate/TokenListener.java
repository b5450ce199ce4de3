package org.llava4j.model.generate;

/** Hears the tokens of one text as they come, on the generator's thread; what takes long holds up every other text. */
@FunctionalInterface
public interface TokenListener {

    /**
     * A token that is no end token.
     *
     * @return whether more is wanted
     */
    boolean onToken(int id);
}
