package org.llava4j.data.tensors.torch;

import org.llava4j.data.BadInputException;

/** What is said of a PyTorch file that is not read. */
final class TorchFileErrors {
    private static final int MAX_CHARS = 80;

    private TorchFileErrors() {}

    /** The file is not what {@code torch.save} wrote. */
    static BadInputException damaged(Object file, String what) {
        return new BadInputException(file + " is damaged: " + what + "; fetch or write the file again");
    }

    /** The file may be sound, but there is more in it than a dictionary of tensors. */
    static BadInputException notWeights(Object file, String what) {
        return new BadInputException(
                file + " " + what + "; write weights alone: torch.save(model.state_dict(), \"pytorch_model.bin\")");
    }

    /** Text of the file for a message, cut to a length that can be read. */
    static String abbreviated(String text) {
        return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS) + "..";
    }
}
