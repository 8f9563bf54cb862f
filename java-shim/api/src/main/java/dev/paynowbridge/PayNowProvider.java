package dev.paynowbridge;

/**
 * Has the service, where a platform has no register of services: the plugin on a proxy. Find that plugin by its name or id, and
 * cast it to this.
 */
public interface PayNowProvider {
    /**
     * The service.
     *
     * @return always the same one, also after a reload, while the plugin is there
     */
    PayNowService service();
}
