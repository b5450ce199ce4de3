package org.llava4j.model.tensors.torch;

import org.llava4j.data.BadInputException;

/** Errors for PyTorch files that cannot be read. */
final class TorchFileErrors {
    private static final int MAX_CHARS = 80;

    private TorchFileErrors() {}

    /** The file differs from what {@code torch.save} writes. */
    static BadInputException damaged(Object file, String problem) {
        return new BadInputException(file + " is damaged: " + problem + "; download or write the file again");
    }

    /** The file may be valid, but contains more than a dictionary of tensors. */
    static BadInputException notWeights(Object file, String problem) {
        return new BadInputException(file + " " + problem
                + "; write only the weights: torch.save(model.state_dict(), \"pytorch_model.bin\")");
    }

    /** Abbreviates text of the file for a message. */
    static String abbreviated(String text) {
        return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS) + "..";
    }
}
