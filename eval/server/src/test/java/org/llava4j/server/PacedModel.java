package org.llava4j.server;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.llava4j.model.chat.LlavaModel;

/** Slows the decoding of a model, so that an answer of many tokens takes seconds on every machine. */
final class PacedModel {
    private static final long NANOS_PER_TEXT = 2_000_000;

    private PacedModel() {}

    /** The model with a pause before each text of an answer. */
    static LlavaModel of(LlavaModel model) {
        return (LlavaModel) Proxy.newProxyInstance(
                LlavaModel.class.getClassLoader(), new Class<?>[] {LlavaModel.class}, (self, method, arguments) -> {
                    if (method.getName().equals("submit")) {
                        arguments[2] = paced(arguments[2]);
                    }
                    try {
                        return method.invoke(model, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @SuppressWarnings("unchecked")
    private static Consumer<String> paced(Object onText) {
        Consumer<String> next = (Consumer<String>) onText;
        return text -> {
            LockSupport.parkNanos(NANOS_PER_TEXT);
            next.accept(text);
        };
    }
}
